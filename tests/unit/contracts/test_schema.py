from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput
from chassis.validation import StrictSchema, first_error, load
from chassis.validation.fields import (
    Amount,
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    JsonValue,
    ListOf,
    MapOf,
    Name,
    Nested,
    Text,
)
from contracts.fields import Currency, Identifiers, Versions


class Line(StrictSchema):
    sku = Text(required=True)
    price = Amount()


class Request(StrictSchema):
    id = Text(required=True, longest=10, printable=True)
    kind = Choice("order", "cart")
    lines = ListOf(Nested(Line()), most=3)
    name = Name()
    count = Integer(least=1, most=9)
    currency = Currency()
    flag = Boolean()
    at = Instant()
    free = JsonObject()
    traits = MapOf(JsonValue())
    consent = MapOf(Boolean(), most=2)
    identifiers = Identifiers()
    at_least = Versions()


REQUEST = Request()


def refusal(**fields: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        load(REQUEST, {"id": "x", **fields}, "request")
    return caught.value.subject, caught.value.message


def test_a_right_value_is_loaded_with_instants_as_microseconds() -> None:
    value = {"id": "x", "at": "1970-01-01T00:00:01+00:00", "lines": [{"sku": "a", "price": 5}]}
    assert load(REQUEST, value) == {**value, "at": 1_000_000}


def test_null_for_an_optional_field_is_as_good_as_leaving_it_out() -> None:
    assert load(REQUEST, {"id": "x", "kind": None, "lines": None}) == {"id": "x"}


def test_null_for_a_required_field_is_refused() -> None:
    assert refusal(id=None) == ("request.id", "must not be null")


def test_a_null_trait_is_kept_because_it_takes_a_trait_away() -> None:
    assert load(REQUEST, {"id": "x", "traits": {"tier": None}})["traits"] == {"tier": None}


@pytest.mark.parametrize(
    ("fields", "path", "message"),
    [
        ({"id": ""}, "id", "must not be empty"),
        ({"id": 7}, "id", "must be text, not a number; put it in quotes"),
        ({"id": "x" * 11}, "id", "must have 1 to 10 characters, has 11"),
        ({"id": " x"}, "id", "must not have control characters, nor spaces at either end"),
        ({"id": "a\nb"}, "id", "must not have control characters, nor spaces at either end"),
        ({"kind": "ordr"}, "kind", 'must be one of order, cart; did you mean "order"?'),
        ({"kind": 1}, "kind", "must be one of order, cart, not a number"),
        ({"lines": {}}, "lines", "must be a list, not an object"),
        ({"lines": [1]}, "lines[0]", "must be an object"),
        ({"lines": [None]}, "lines[0]", "must not be null"),
        ({"lines": [{"sku": "a"}] * 4}, "lines", "must have 0 to 3 entries, has 4"),
        ({"lines": [{"sku": "a"}, {}]}, "lines[1].sku", "is missing"),
        (
            {"lines": [{"sku": "a", "price": 3.5}]},
            "lines[0].price",
            "must be a whole number of minor units (4999 for 49.99), not a fraction",
        ),
        (
            {"lines": [{"sku": "a", "price": -1}]},
            "lines[0].price",
            "must be a whole number of minor units (4999 for 49.99), at least 0",
        ),
        ({"name": "Order Completed"}, "name", 'must be snake_case: write "order_completed"'),
        ({"name": "orderCompleted"}, "name", 'must be snake_case: write "order_completed"'),
        ({"name": "1"}, "name", "must be snake_case such as order_completed"),
        ({"name": "x" * 65}, "name", "is too long: a name has at most 64 characters"),
        ({"count": 0}, "count", "must be a whole number, at least 1"),
        ({"count": 10}, "count", "must be a whole number, at most 9"),
        ({"count": True}, "count", "must be a whole number, not true or false"),
        ({"count": "1"}, "count", "must be a whole number, not text"),
        ({"currency": "usd"}, "currency", "must be written USD"),
        ({"currency": "dollars"}, "currency", "must be an ISO 4217 code such as USD or EUR"),
        ({"currency": 1}, "currency", "must be an ISO 4217 code such as USD or EUR, not a number"),
        ({"flag": "true"}, "flag", "must be true or false, not text"),
        ({"flag": 1}, "flag", "must be true or false, not a number"),
        ({"free": []}, "free", "must be an object, not a list"),
        ({"traits": {}}, "traits", "must have 1 to 200 entries, has 0"),
        ({"consent": {"mail": 1}}, "consent.mail", "must be true or false, not a number"),
        ({"consent": {"mail": None}}, "consent.mail", "must not be null"),
        (
            {"traits": {"first name": 1}},
            "traits.first name",
            "must be a name of letters, digits and _, at most 64, no digit first",
        ),
        (
            {"identifiers": {}},
            "identifiers",
            "is empty: give at least one, such as anonymous_id or user_id",
        ),
        (
            {"identifiers": {"user_id": 4.2}},
            "identifiers.user_id",
            "must be text, not a number; put it in quotes",
        ),
        (
            {"identifiers": {"user_id": ["u"]}},
            "identifiers.user_id",
            "must be text, not a list",
        ),
        (
            {"identifiers": {"userId": "x"}},
            "identifiers.userId",
            'must be snake_case: write "user_id"',
        ),
        (
            {"identifiers": {f"id_{n}": "x" for n in range(11)}},
            "identifiers",
            "must have 1 to 10 entries, has 11",
        ),
        ({"at_least": "x"}, "at_least", "must be a receipt's token, not text"),
        ({"at_least": {"s": "1"}}, "at_least.s", "must be a version: a whole number, at least 0"),
    ],
)
def test_a_wrong_value_is_refused_with_its_path_and_what_to_send(
    fields: dict[str, Any], path: str, message: str
) -> None:
    assert refusal(**fields) == (f"request.{path}", message)


def test_a_date_without_a_zone_is_refused() -> None:
    assert "no time zone" in refusal(at="2026-11-21T19:30:00")[1]


def test_a_misspelt_field_is_named_before_the_one_that_is_missing() -> None:
    with pytest.raises(InvalidInput) as caught:
        load(REQUEST, {"idd": "x"})
    assert caught.value.args == ("idd", 'is not a known field; did you mean "id"?')


def test_a_call_is_refused_with_all_that_is_wrong_with_it() -> None:
    lines = [{"sku": "a", "price": 3.5}, {}]
    with pytest.raises(InvalidInput) as caught:
        load(REQUEST, {"id": "", "kind": "cart", "lines": lines, "flag": 1}, "request")
    assert caught.value.subject == "request.id"
    assert caught.value.message == (
        "must not be empty"
        "; also request.lines[0].price: must be a whole number of minor units (4999 for 49.99),"
        " not a fraction"
        "; also request.lines[1].sku: is missing"
        "; also request.flag: must be true or false, not a number"
    )


def test_two_strange_fields_are_both_named() -> None:
    with pytest.raises(InvalidInput) as caught:
        load(REQUEST, {"id": "x", "knd": "cart", "zzz": 1})
    assert caught.value.subject == "knd"
    assert "also zzz: is not a known field" in caught.value.message


def test_a_strange_field_is_refused_with_the_known_ones() -> None:
    assert refusal(zzz=1)[1].startswith("is not a known field; known are id, kind, lines")


def test_what_is_no_object_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be an object"):
        load(REQUEST, [], "request")


def test_the_first_error_of_nested_errors_has_its_path() -> None:
    errors = {"lines": {2: {"price": ["too much", "odd"]}}, "id": ["missing"]}
    assert first_error(errors) == ("lines[2].price", "too much")


def test_an_error_of_a_schema_as_a_whole_has_its_parents_path() -> None:
    assert first_error({"lines": {0: {"_schema": ["must be an object"]}}})[0] == "lines[0]"


names = st.sampled_from([*REQUEST.fields, "other", "lines", "sku", "price", ""])
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=5),
    max_leaves=30,
)


@given(anything)
def test_any_json_is_loaded_or_refused_as_invalid_input(value: Any) -> None:
    refused = None
    try:
        load(REQUEST, value, "request")
    except InvalidInput as error:
        refused = error
    assert refused is None or (refused.subject.startswith("request") and refused.message)
