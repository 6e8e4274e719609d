"""Names of fields are kept without values, and nobody is warned where nothing is known."""

from __future__ import annotations

from typing import Any

import pytest

from rules.field_names import (
    DEEPEST,
    MOST_ROWS,
    MOST_TYPES,
    SeenFields,
    fields_in,
    fields_of,
    first_unknown,
    is_field_name,
)

ORDER = {"order_id": "o", "products": [{"sku": "a"}, {"price": 1}], "context": {"at": {"x": 1}}}
ROWS = [
    ("order", path)
    for path in (
        "",
        "context",
        "context.at",
        "context.at.x",
        "order_id",
        "products",
        "products.price",
        "products.sku",
    )
]


def test_the_names_of_an_event_are_seen_once_they_are_learned() -> None:
    seen = SeenFields()
    assert seen.unseen([("order", ORDER)]) == ROWS
    seen.learn(ROWS)
    assert seen.unseen([("order", ORDER), ("order", {})]) == []
    more = {"products": [{"sku": "a", "size": 4}]}
    assert seen.unseen([("order", more)]) == [("order", "products.size")]


@pytest.mark.parametrize(
    ("key", "is_name"),
    [
        ("loyalty_tier", True),
        ("shoe size", True),
        ("krāsa", True),
        ("ann@example.org", False),
        ("2026", False),
        ("user_1234567", False),
        ("a.b", False),
        ("", False),
        ("x" * 65, False),
    ],
)
def test_what_looks_like_an_id_or_an_address_is_no_name(key: str, is_name: bool) -> None:
    assert is_field_name(key) is is_name
    assert (SeenFields().unseen([("t", {key: 1})]) == [("t", ""), ("t", key)]) is is_name


def test_the_number_of_names_is_limited_and_a_type_beyond_it_is_not_known() -> None:
    seen = SeenFields()
    wide = {f"name{number:03}": 1 for number in range(2 * MOST_ROWS)}
    rows = seen.unseen([("t", wide)])
    assert len(rows) == MOST_ROWS + 1
    seen.learn(rows)
    assert seen.unseen([("t", wide | {"other": 1})]) == []
    assert fields_of(rows) == {"t": {}}
    types: list[tuple[str, object]] = [(f"t{number}", {}) for number in range(2 * MOST_TYPES)]
    assert len(SeenFields().unseen(types)) == MOST_TYPES


def test_names_are_kept_so_deep_only() -> None:
    deep: dict[str, Any] = {}
    for _ in range(2 * DEEPEST):
        deep = {"a": deep}
    assert len(SeenFields().unseen([("t", deep)])) == 1 + DEEPEST


def test_plain_values_and_lists_in_lists_have_no_names() -> None:
    assert SeenFields().unseen([("t", [[{"a": 1}], 5, None]), ("t", "text")]) == [("t", "")]


def test_a_path_leaves_the_known_fields_at_its_first_unknown_name() -> None:
    fields = fields_of(ROWS)["order"]
    assert fields["products"] == {"sku", "price"}
    assert first_unknown(fields, ("products", "sku")) is None
    assert first_unknown(fields, ("products", "size", "x")) == ("products", "size")
    assert first_unknown(fields, ("colour",)) == ("", "colour")
    assert first_unknown(fields, ("order_id", "inner")) is None, "nothing is known of it"
    assert first_unknown(fields, ("ann@example.org",)) is None
    assert fields_in(fields, "context") == {"": {"at"}, "at": {"x"}}
    assert fields_in(fields, "colour") == {}
    assert fields_in(fields, "") == fields
