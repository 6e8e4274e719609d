"""What the checkout may send, and how a malformed request is refused."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput, parse_instant
from contracts.offers import read_request
from services.offers.commands import seconds_left
from services.offers.domain.decision import DecisionRequest

FULL: dict[str, Any] = {
    "placement": "checkout",
    "identifiers": {"user_id": "ann"},
    "authenticated": True,
    "context": {
        "items": [{"sku": "W-1", "category": "running watch", "quantity": 2, "price": 900}],
        "value": 1800,
        "currency": "USD",
        "device": "Mobile",
        "referrer": "https://www.Running-Club.example/u/ann?mail=ann%40example.com",
        "language": "en-GB",
        "stock": {"strap": 0},
    },
    "at_least": {"s-1": 4},
    "sent_at": "2026-11-21T19:30:00Z",
    "deadline_ms": 150,
    "explain": True,
    "dry_run": True,
}


def test_a_whole_request_is_read() -> None:
    request = DecisionRequest(**read_request(FULL))
    assert request.context["device"] == "mobile"
    assert request.context["language"] == "en-GB"
    assert request.sent_at == parse_instant("2026-11-21T19:30:00Z")
    assert request.at_least == {"s-1": 4}


def test_only_the_host_of_a_referrer_is_kept() -> None:
    request = read_request(FULL)
    assert request["context"]["referrer"] == "running-club.example"
    assert "ann" not in str(request["context"])


@pytest.mark.parametrize(
    "referrer", ["", "about:blank", "http://[", "javascript:x", "<b>", "x" * 300]
)
def test_a_referrer_without_a_host_is_no_error(referrer: str) -> None:
    request = read_request({"placement": "checkout", "context": {"referrer": referrer}})
    assert request["context"]["referrer"] is None


def test_a_placement_is_enough() -> None:
    request = DecisionRequest(**read_request({"placement": "checkout"}))
    assert (request.identifiers, request.context, request.at_least) == ({}, {}, {})
    assert (request.authenticated, request.explain, request.dry_run) == (False, False, False)


def test_null_is_as_good_as_absent() -> None:
    nothing = dict.fromkeys(set(FULL) - {"placement"})
    assert read_request({"placement": "checkout", **nothing}) == read_request(
        {"placement": "checkout"}
    )
    empty = dict.fromkeys(FULL["context"])
    assert read_request({"placement": "checkout", "context": empty})["context"] == {}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"placement": None}, "placement"),
        ({"placement": 3}, "placement"),
        ({"placment": "x"}, "placment"),
        ({"identifiers": {"user_id": 7.5}}, "identifiers.user_id"),
        ({"identifiers": ["ann"]}, "identifiers"),
        ({"identifiers": {f"id_{n}": "x" for n in range(11)}}, "identifiers"),
        ({"authenticated": "yes"}, "authenticated"),
        ({"context": []}, "context"),
        ({"context": {"valeu": 3}}, "context.valeu"),
        ({"context": {"value": 18.0}}, "context.value"),
        ({"context": {"value": -1}}, "context.value"),
        ({"context": {"currency": "dollars"}}, "context.currency"),
        ({"context": {"items": {}}}, "context.items"),
        ({"context": {"items": [{"quantity": 1}]}}, "context.items[0].sku"),
        ({"context": {"items": [{"sku": "a"}, {"sku": "a", "quantity": 0}]}},
         "context.items[1].quantity"),
        ({"context": {"items": [{"sku": "a"}] * 201}}, "context.items"),
        ({"context": {"stock": {"a": -1}}}, "context.stock.a"),
        ({"context": {"stock": {"a": "many"}}}, "context.stock.a"),
        ({"context": {"device": "\u0000"}}, "context.device"),
        ({"context": {"device": "x" * 65}}, "context.device"),
        ({"at_least": {"s": "4"}}, "at_least.s"),
        ({"at_least": {f"s-{n}": 1 for n in range(101)}}, "at_least"),
        ({"sent_at": "2026-11-21T19:30:00"}, "sent_at"),
        ({"sent_at": 1795289400}, "sent_at"),
        ({"deadline_ms": 0}, "deadline_ms"),
        ({"deadline_ms": 60_001}, "deadline_ms"),
        ({"explain": 1}, "explain"),
        ({"dry_run": "no"}, "dry_run"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_by_its_name(change: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_request({**FULL, **change})
    assert refused.value.subject == field
    assert refused.value.message


@pytest.mark.parametrize("request_", [None, [], "checkout", 3])
def test_what_is_no_object_is_refused(request_: Any) -> None:
    with pytest.raises(InvalidInput):
        read_request(request_)


@pytest.mark.parametrize("deep", [{"context": {"items": [[[[[[]]]]]]}}, {"x": "y" * 70_000}])
def test_what_is_too_deep_or_too_large_is_refused(deep: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        read_request({**FULL, **deep})


json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from([*FULL, *FULL["context"], "x"]), inner, max_size=4)
    ),
)


@given(json)
def test_whatever_is_sent_it_is_read_or_refused(anything: Any) -> None:
    for request in (anything, {"placement": "checkout", "context": anything}):
        with suppress(InvalidInput):
            DecisionRequest(**read_request(request))


def test_the_deadline_counts_from_when_the_request_was_sent() -> None:
    request = DecisionRequest("checkout", sent_at=1_000_000, deadline_ms=200)
    assert seconds_left(request, 1_000_000) == pytest.approx(0.19)
    assert seconds_left(request, 1_150_000) == pytest.approx(0.0475)
    assert seconds_left(request, 1_200_000) <= 0


def test_without_a_time_of_sending_the_deadline_counts_from_the_receipt() -> None:
    assert seconds_left(DecisionRequest("checkout", deadline_ms=200), 5) == pytest.approx(0.19)


def test_a_sender_whose_clock_is_ahead_gets_the_deadline_and_no_more() -> None:
    request = DecisionRequest("checkout", sent_at=9_000_000, deadline_ms=200)
    assert seconds_left(request, 1_000_000) == pytest.approx(0.19)
