from __future__ import annotations

from pathlib import Path

import pytest

from chassis import DAY, HOUR, MINUTE, InvalidInput
from rules import Summary
from services.segments.configuration import load_definitions, read_definition, read_definitions

NOW = 1_000 * DAY


def refusal(text: str) -> str:
    with pytest.raises(InvalidInput) as caught:
        read_definitions(text)
    return str(caught.value)


def segments_of(summary: Summary, now: int = NOW) -> set[str]:
    return {d.segment for d in load_definitions() if d.rule.evaluate(summary, now).value}


def buyer(*orders: tuple[int, int]) -> Summary:
    summary = Summary()
    for number, (at, cents) in enumerate(orders):
        data = {"order_id": f"o{number}", "revenue": cents, "currency": "USD"}
        summary.add("order_completed", data, at, f"e{number}")
    return summary


def cart(summary: Summary, at: int, pieces: int = 1) -> Summary:
    products = [{"sku": "a", "quantity": pieces}] if pieces else []
    summary.add("cart_updated", {"products": products}, at, f"cart{at}")
    return summary


def test_the_shipped_segments_are_the_five_that_are_promised() -> None:
    assert [definition.segment for definition in load_definitions()] == [
        "first_time_visitor",
        "returning_one_time_buyer",
        "frequent_buyer",
        "high_value",
        "abandoned_cart",
    ]


def test_the_shipped_rules_have_no_likely_slips() -> None:
    assert not any(definition.rule.warnings for definition in load_definitions())


def test_a_shopper_without_an_order_is_a_first_time_visitor() -> None:
    assert segments_of(Summary()) == {"first_time_visitor"}


def test_a_shopper_with_one_order_is_a_one_time_buyer() -> None:
    assert segments_of(buyer((NOW - 500 * DAY, 2_000))) == {"returning_one_time_buyer"}


def test_a_sixth_order_within_sixty_days_makes_a_frequent_buyer() -> None:
    orders = [(NOW - n * DAY, 100) for n in range(6)]
    assert segments_of(buyer(*orders[:5])) == set()
    assert segments_of(buyer(*orders)) == {"frequent_buyer"}
    assert segments_of(buyer(*orders), NOW + 55 * DAY) == set()


def test_five_hundred_dollars_make_a_shopper_of_high_value() -> None:
    assert segments_of(buyer((NOW, 30_000), (NOW, 19_999))) == set()
    assert segments_of(buyer((NOW, 30_000), (NOW, 20_000))) == {"high_value"}


def test_a_cart_is_abandoned_after_an_hour_and_for_thirty_days_unless_an_order_follows() -> None:
    left = cart(buyer((NOW - DAY, 100), (NOW - DAY, 100)), NOW)
    assert segments_of(left, NOW + HOUR - 1) == set()
    assert segments_of(left, NOW + HOUR) == {"abandoned_cart"}
    assert segments_of(left, NOW + 30 * DAY) == set()
    left.add("order_completed", {"order_id": "o9"}, NOW + MINUTE, "e9")
    assert segments_of(left, NOW + HOUR) == set()


def test_an_emptied_cart_is_not_abandoned() -> None:
    left = cart(cart(buyer((NOW - DAY, 100), (NOW - DAY, 100)), NOW), NOW + 1, pieces=0)
    assert segments_of(left, NOW + 2 * HOUR) == set()


def test_an_own_file_replaces_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "segments.yaml").write_text("a: {rule: orders() == 0, description: New}")
    assert [definition.segment for definition in load_definitions(tmp_path)] == ["a"]


def test_a_folder_without_a_file_of_segments_leaves_the_shipped_one(tmp_path: Path) -> None:
    assert len(load_definitions(tmp_path)) == len(load_definitions())


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "segments.yaml: is empty; start from the file that is shipped"),
        ("{}", "segments.yaml: line 1, column 1: must define at least one segment"),
        ("- a", "segments.yaml: line 1, column 1: must be a mapping"),
        ("a: {rule: [", "segments.yaml: line 1, column 12: is not valid YAML"),
        ("a: orders() == 0", "a: segments.yaml line 1, column 4: must be a mapping"),
        ("a: {rule: {b: c}, description: x}", "line 1, column 11: must be text; it is a mapping"),
        (
            "\nloyal: {rule: order() > 1, description: x}",
            (
                "loyal.rule: segments.yaml line 2, column 15: rule: line 1, column 1: nothing is"
                " called order; did you mean orders?"
            ),
        ),
        ("a: {rule: 'True'}", "a: segments.yaml line 1, column 4: `description` is missing"),
        (
            "a: {rule: 'True', describtion: x}",
            "line 1, column 32: `describtion` is not known here; did you mean `description`?",
        ),
        (
            "A b: {rule: 'True', description: x}",
            'A b: segments.yaml line 1, column 6: segment: must be snake_case: write "a_b"',
        ),
        (
            "a: {rule: 'True', description: x}\na: {rule: 'True', description: x}",
            "line 2, column 1: `a` appears twice",
        ),
        (
            "a: {rule: '1', rule: '2', description: x}",
            "line 1, column 16: `rule` appears twice",
        ),
    ],
)
def test_a_wrong_file_is_refused_naming_the_segment_the_place_and_the_meaning(
    text: str, message: str
) -> None:
    assert message in refusal(text)


def test_a_segment_may_be_named_with_a_word_that_yaml_reads_as_another_type() -> None:
    """`off` is false and `null` is nothing elsewhere in YAML."""
    fields = '{rule: never("order_completed"), description: x}'
    text = f"off: {fields}\nnull: {fields}\n"
    assert [definition.segment for definition in read_definitions(text)] == ["off", "null"]


def test_a_constant_rule_needs_no_quotes_in_the_file() -> None:
    (definition,) = read_definitions("ended: {rule: False, description: No longer used}")
    assert definition.rule.text == "False"


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (None, "must be an object"),
        ({"segment": "a", "description": "x"}, "rule: is missing"),
        ({"segment": "a", "rule": 5, "description": "x"}, "rule: must be text"),
        (
            {"segment": "a", "rule": "orders() >\n 1 and", "description": "x"},
            "rule: line 2, column",
        ),
        ({"segment": "a", "rule": "True", "description": "x", "id": 1}, "id: is not a known field"),
    ],
)
def test_a_wrong_definition_is_refused_naming_the_field(definition: object, message: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_definition(definition)
    assert message in str(caught.value)
