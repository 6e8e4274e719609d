from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR, InvalidInput, format_instant, parse_instant
from chassis.core.instants import SECOND
from contracts.event_types import EVENT_TYPES
from contracts.incoming import IncomingEvent
from contracts.ingest import read_event, read_events

NOW = parse_instant("2026-11-21T19:30:00Z")


def event(**changes: Any) -> dict[str, Any]:
    whole = {
        "id": "e-1",
        "type": "page_read",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"anonymous_id": "a-1"},
        "authenticated": False,
        "data": {"page": "/watches"},
    }
    return {name: value for name, value in {**whole, **changes}.items() if value is not ...}


def order(**data: Any) -> dict[str, Any]:
    return event(
        type="order_completed",
        data={"order_id": "o-1", "revenue": 4999, "currency": "USD", **data},
    )


def refusal(value: Any) -> tuple[str, str]:
    with pytest.raises(InvalidInput) as caught:
        read_event(value, NOW)
    return caught.value.subject, caught.value.message


def test_an_event_is_read_with_its_time_in_microseconds() -> None:
    assert read_event(event(), NOW) == IncomingEvent(
        id="e-1",
        type="page_read",
        time=NOW - HOUR // 2,
        original_time=None,
        identifiers={"anonymous_id": "a-1"},
        authenticated=False,
        context=None,
        data={"page": "/watches"},
    )


def test_an_event_without_data_has_empty_data() -> None:
    assert read_event(event(data=...), NOW).data == {}


@pytest.mark.parametrize("field", ["id", "type", "time", "identifiers", "authenticated"])
def test_a_missing_field_is_named(field: str) -> None:
    subject, message = refusal(event(**{field: ...}))
    assert subject == f"event.{field}"
    assert message.startswith("is missing")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("id", 1.5),
        ("id", True),
        ("id", ""),
        ("id", "x" * 101),
        ("id", "a\tb"),
        ("type", 1),
        ("type", "Page Read"),
        ("type", "x" * 65),
        ("time", 170_000_000),
        ("time", "yesterday"),
        ("time", "2026-11-21"),
        ("identifiers", "a-1"),
        ("identifiers", {}),
        ("authenticated", "perhaps"),
        ("authenticated", 2),
        ("context", "web"),
        ("data", ["a"]),
    ],
)
def test_a_field_of_a_wrong_type_or_form_is_named(field: str, value: Any) -> None:
    assert refusal(event(**{field: value}))[0] == f"event.{field}"


def test_an_unknown_field_is_refused_with_what_was_meant_or_where_it_goes() -> None:
    assert refusal(event(identifier={})) == (
        "event.identifier",
        'is not a known field; did you mean "identifiers"?',
    )
    assert refusal(event(basket=1))[1] == ("is not a known field; fields of your own go into data")


def test_a_time_without_a_zone_is_refused() -> None:
    assert refusal(event(time="2026-11-21T19:00:00")) == (
        "event.time",
        "has no time zone; end it with Z or an offset such as +02:00",
    )


def test_a_time_is_taken_up_to_24_hours_ahead() -> None:
    assert read_event(event(time=format_instant(NOW + DAY)), NOW).time == NOW + DAY
    assert refusal(event(time=format_instant(NOW + DAY + 1)))[0] == "event.time"


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
def test_a_time_that_was_never_set_is_refused(time: str) -> None:
    assert "before 1970" in refusal(event(time=time))[1]


@pytest.mark.parametrize("ahead", [-HOUR, -HOUR // 2, 6 * SECOND, HOUR])
def test_a_senders_clock_is_corrected_by_at_most_an_hour_and_the_sent_time_kept(ahead: int) -> None:
    sent = format_instant(NOW + ahead - HOUR)
    read = read_event(event(time=sent, sent_at=format_instant(NOW + ahead)), NOW)
    assert (read.time, read.original_time) == (NOW - HOUR, sent)


@pytest.mark.parametrize("ahead", [-3 * DAY, -HOUR - 1, -5 * SECOND, 0, 5 * SECOND, HOUR + 1])
def test_a_clock_that_is_off_by_no_more_than_the_way_or_by_more_than_an_hour_is_left_alone(
    ahead: int,
) -> None:
    read = read_event(event(sent_at=format_instant(NOW + ahead)), NOW)
    assert (read.time, read.original_time) == (NOW - HOUR // 2, None)


def test_what_was_sent_in_1997_stays_there() -> None:
    then = "1997-03-05T10:00:00Z"
    read = read_event(event(time=then, sent_at="1997-03-05T10:00:02Z"), NOW)
    assert (read.time, read.original_time) == (parse_instant(then), None)


def test_a_senders_clock_that_is_right_changes_nothing() -> None:
    read = read_event(event(sent_at=format_instant(NOW)), NOW)
    assert (read.time, read.original_time) == (NOW - HOUR // 2, None)


def test_a_far_future_time_is_refused_even_where_the_sender_told_its_clock() -> None:
    late = event(time=format_instant(NOW + 2 * DAY), sent_at=format_instant(NOW))
    assert refusal(late)[0] == "event.time"


@pytest.mark.parametrize("name", ["identity_changed", "segment_entered", "segment_x"])
def test_the_platforms_own_types_are_refused_from_outside(name: str) -> None:
    assert "reserved" in refusal(event(type=name))[1]


def test_a_context_inside_data_is_refused_because_the_log_keeps_the_events_there() -> None:
    assert refusal(event(data={"context": {}}))[0] == "event.data.context"


def test_a_sign_in_is_authenticated_and_says_who() -> None:
    who = {"user_id": "u-1"}
    read_event(event(type="signed_in", authenticated=True, identifiers=who), NOW)
    assert refusal(event(type="signed_in", identifiers=who))[0] == "event.authenticated"
    anonymous = event(type="signed_in", authenticated=True)
    assert refusal(anonymous)[0] == "event.identifiers.user_id"
    card = event(type="signed_in", authenticated=True, identifiers={"loyalty_id": "card-1"})
    assert read_event(card, NOW).identifiers == {"loyalty_id": "card-1"}


def test_an_order_with_all_its_parts_is_read_and_its_own_fields_kept() -> None:
    lines = [{"sku": "w-1", "category": "watches", "quantity": 1, "price": 4999, "colour": "red"}]
    data = {"products": lines, "coupon": {"code": "X"}}
    assert read_event(order(**data), NOW).data == order(**data)["data"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"order_id": None}, "order_id"),
        ({"order_id": 7.5}, "order_id"),
        ({"revenue": 49.99}, "revenue"),
        ({"revenue": "49.99"}, "revenue"),
        ({"revenue": 4999.0}, "revenue"),
        ({"revenue": -1}, "revenue"),
        ({"currency": "dollar"}, "currency"),
        ({"products": {"a": {}}}, "products"),
    ],
)
def test_a_wrong_part_of_an_order_is_named_by_its_path(data: dict[str, Any], path: str) -> None:
    assert refusal(order(**data))[0] == f"event.data.{path}"


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("product_viewed", {"sku": "w-1", "price": 4999, "currency": "USD"}),
        ("cart_updated", {"products": [], "value": 0, "currency": "EUR"}),
        ("checkout_started", {}),
        ("order_refunded", {"order_id": "o-1"}),
        ("order_refunded", {"order_id": "o-1", "amount": 5, "currency": "USD"}),
        ("order_cancelled", {"order_id": "o-1"}),
        ("signed_out", {}),
        ("traits_changed", {"traits": {"firstName": "Ada", "tier": None}}),
        ("traits_changed", {"traits": {"loyalty_tier": None, "loyalty_enrolled": True}}),
        ("consent_changed", {"purpose": "email", "granted": True}),
        ("consent_changed", {"purposes": {"email": True, "sms": False}}),
        ("loyalty_enrolled", {}),
        ("loyalty_points_changed", {"points": -50}),
        ("loyalty_tier_changed", {"tier": "gold"}),
    ],
)
def test_a_known_type_takes_its_data(name: str, data: dict[str, Any]) -> None:
    assert read_event(event(type=name, data=data), NOW).data == data


@pytest.mark.parametrize(
    ("name", "data", "path"),
    [
        ("product_viewed", {}, "product_id"),
        ("cart_updated", {}, "products"),
        ("cart_updated", {"products": [], "value": 5}, "currency"),
        ("order_refunded", {"order_id": "o-1", "amount": 5}, "currency"),
        ("order_cancelled", {}, "order_id"),
        ("traits_changed", {}, "traits"),
        ("traits_changed", {"traits": ["a"]}, "traits"),
        ("traits_changed", {"traits": {"loyalty_tier": [3]}}, "traits.loyalty_tier"),
        ("traits_changed", {"traits": {"loyalty_enrolled": "perhaps"}}, "traits.loyalty_enrolled"),
        ("consent_changed", {}, "purpose"),
        ("consent_changed", {"purpose": "email"}, "granted"),
        ("consent_changed", {"purpose": "a", "granted": True, "purposes": {"a": True}}, "purposes"),
        ("loyalty_points_changed", {"points": 1.5}, "points"),
        ("loyalty_tier_changed", {}, "tier"),
    ],
)
def test_a_known_type_without_what_it_needs_is_refused(
    name: str, data: dict[str, Any], path: str
) -> None:
    assert refusal(event(type=name, data=data))[0] == f"event.data.{path}"


@pytest.mark.parametrize("value", ["[]", {}, None, 7])
def test_a_call_that_is_no_list_of_events_is_refused_as_a_whole(value: Any) -> None:
    with pytest.raises(InvalidInput, match="events: must be a list of events"):
        read_events(value, NOW)


def test_a_call_of_1001_events_is_refused_as_a_whole() -> None:
    assert len(read_events([event()] * 1_000, NOW).valid) == 1_000
    with pytest.raises(InvalidInput, match="has 1,001 events; send at most 1,000"):
        read_events([event()] * 1_001, NOW)


def test_a_call_of_more_than_4_megabytes_is_refused_as_a_whole() -> None:
    large = event(data={"text": "x" * 30_000})
    assert len(read_events([large] * 130, NOW).valid) == 130
    with pytest.raises(InvalidInput, match="send at most 4,194,304 in a call"):
        read_events([large] * 140, NOW)


def test_a_bad_event_does_not_spoil_its_call_and_is_named_by_its_place() -> None:
    good, bad, deep = event(), order(revenue=1.5), event(data={"x": [[[[[[1]]]]]] * 3})
    read = read_events([good, bad, "event", deep], NOW)
    assert list(read.valid) == [0, 3]
    assert {place: error.subject for place, error in read.errors.items()} == {
        1: "events[1].data.revenue",
        2: "events[2]",
    }


_FIELDS = ("id", "type", "time", "sent_at", "identifiers", "authenticated", "context", "data")
_PARTS = ("order_id", "revenue", "currency", "products", "sku", "traits", "purposes", "other")
names = st.sampled_from([*_FIELDS, *_PARTS])
leaves = st.sampled_from([*EVENT_TYPES, "USD", "2026-11-21T19:00:00Z", "a-1", 1, True, None, -2.5])
anything = st.recursive(
    leaves | st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=6),
    max_leaves=30,
)


def exists(events: Any, path: str) -> bool:
    """Whether a path leads to a part of the events, or to a field that one of these lacks."""
    parent: Any = {"events": events}
    parts = [part for part in re.split(r"[.\[\]]+", path) if part]
    for part in parts[:-1]:
        if part == "data" and parent.get("data") is None:
            return True  # it lacks all its fields
        place = int(part) if isinstance(parent, list) else part
        try:
            parent = parent[place]
        except (LookupError, TypeError):
            return False
    return isinstance(parent, dict | list)


@given(
    anything
    | st.dictionaries(names, anything, max_size=4).map(lambda changes: event(**changes))
    | st.builds(
        lambda name, data: event(type=name, data=data),
        st.sampled_from([*EVENT_TYPES]),
        st.dictionaries(names, anything, max_size=5),
    )
)
def test_any_json_is_an_event_or_refused_with_a_path_and_a_message(value: Any) -> None:
    read = read_events([value], NOW)
    assert [*read.valid, *read.errors] == [0]
    for rejected in read.errors.values():
        assert len({error.field for error in rejected.errors}) == len(rejected.errors) <= 20
        for error in (*rejected.errors, *rejected.warnings):
            assert error.message
            assert exists([value], error.field)
    for incoming in read.valid.values():
        assert all(exists([value], warning.field) for warning in incoming.warnings)
        assert 0 < incoming.time <= NOW + DAY
