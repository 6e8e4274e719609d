from __future__ import annotations

import contextlib
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput
from chassis.validation import MAX_DEPTH, MAX_EVENT_BYTES, check_plain
from chassis.validation.plain import faults, has_text_names, measure


def made_of(scalars: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.text("abc_é", max_size=5), inner, max_size=4)
        ),
        max_leaves=20,
    )


floats = st.floats(allow_nan=False, allow_infinity=False)
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
)
plain_values = made_of(scalars | floats)


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


def refusal(value: Any, path: str = "event") -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        check_plain(value, path)
    return caught.value


@given(made_of(scalars))
def test_the_size_of_plain_json_is_that_of_its_compact_text(value: Any) -> None:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    assert measure(value) == len(text.encode())


@given(floats)
def test_a_fraction_may_be_written_a_little_shorter_or_longer(value: float) -> None:
    assert abs(len(json.dumps(value)) - measure(value)) <= 3


def test_twenty_levels_are_plain_and_the_twenty_first_is_refused() -> None:
    check_plain(nested(MAX_DEPTH))
    assert "nested deeper than 20 levels" in refusal(nested(MAX_DEPTH + 1)).message


def test_a_nesting_of_a_million_levels_is_refused_as_well() -> None:
    assert "nested deeper" in refusal(nested(1_000_000)).message


def test_an_event_of_33_kilobytes_is_refused_with_both_sizes() -> None:
    check_plain("x" * (MAX_EVENT_BYTES - 2))
    assert refusal("x" * 33 * 1024).message == "is 33,794 bytes of JSON; at most 32,768 are taken"


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_a_number_that_json_does_not_have_is_refused(number: float) -> None:
    wrong = refusal({"data": {"price": number}})
    assert (wrong.subject, wrong.message[:22]) == ("event.data.price", "is NaN or infinite, wh")


@pytest.mark.parametrize("value", [{"name": "a\0b"}, {"n\0": 1}, ["\0"]])
def test_a_null_character_is_refused_in_texts_and_names(value: Any) -> None:
    assert "contains \\u0000" in refusal(value).message


def test_half_of_a_surrogate_pair_is_refused() -> None:
    assert "surrogate" in refusal({"name": "\ud83d"}).message
    assert "surrogate" in refusal({"\ud83d": 1}).message


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1, 10**400])
def test_an_integer_beyond_64_bits_is_refused(number: int) -> None:
    assert "64 bits" in refusal([number]).message


def test_the_largest_and_smallest_64_bit_integers_are_plain() -> None:
    check_plain([2**63 - 1, -(2**63)])


@pytest.mark.parametrize("name", [1, None, True, (1, 2)])
def test_a_name_that_is_no_text_is_refused(name: Any) -> None:
    assert "names are text" in refusal({name: 1}).message


@pytest.mark.parametrize(
    "value",
    [
        datetime(2026, 1, 1, tzinfo=UTC),
        datetime(2026, 1, 1, tzinfo=UTC).date(),
        Decimal("1.5"),
        UUID(int=1),
        b"bytes",
        (1, 2),
        {1, 2},
        object(),
    ],
)
def test_what_the_message_layer_turned_into_python_is_refused_by_its_type(value: Any) -> None:
    wrong = refusal({"data": {"x": [value]}})
    assert wrong.subject == "event.data.x[0]"
    assert wrong.message.startswith(f"is a Python {type(value).__name__}; send plain JSON")


def test_a_path_shows_a_strange_name_escaped_and_cut() -> None:
    wrong = refusal({"a\nb": {"x" * 1_000: float("nan")}})
    assert wrong.subject == f"event.a\\nb.{'x' * 64}…"


@given(
    st.recursive(
        plain_values | st.binary() | st.decimals() | st.datetimes() | st.complex_numbers(),
        lambda inner: st.lists(inner) | st.dictionaries(st.integers() | st.text(), inner),
        max_leaves=10,
    )
)
def test_any_python_value_is_measured_or_refused_as_invalid_input(value: Any) -> None:
    with contextlib.suppress(InvalidInput):
        assert measure(value) > 0


oddities = (
    scalars
    | st.floats()
    | st.integers(-(2**70), 2**70)
    | st.text()
    | st.sampled_from([Decimal(1), b"x", (1,), {1: 2}, {"a\0": 1}, nested(25), "\\u0000", "\0"])
)


@given(made_of(oddities))
def test_every_fault_of_a_value_is_found_and_a_value_is_plain_if_it_has_none(value: Any) -> None:
    found = list(faults(value, "event"))
    if not found:
        measure(value, "event")
        return
    with pytest.raises(InvalidInput) as caught:
        measure(value, "event")
    assert (caught.value.subject, caught.value.message) == found[0]


def test_names_that_are_no_text_are_seen_as_deep_as_a_value_may_be() -> None:
    assert has_text_names({"a": [{"b": 1}]})
    assert not has_text_names({"a": [{2: 1}]})
    assert has_text_names(nested(2_000))
