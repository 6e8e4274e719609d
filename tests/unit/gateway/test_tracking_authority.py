"""Facts about whom items of the tracking API are about, and what vouches for that."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.sources import EventSource
from services.gateway.domain.tracking.items import MappedEvent
from services.gateway.domain.user_tokens import sign_user
from tests.support.tracked import (
    BROWSER,
    NOW,
    SERVER,
    checked_events,
    event_of,
    item,
    mapped,
    track,
)

TRAITS = {"email": "lea@shop.example", "phone": "+4930123456", "city": "Berlin"}
ORDER = {"order_id": "1", "revenue": 1, "currency": "EUR"}
TOKEN = sign_user("secret", "lea", NOW)


def made(sent: Any, source: EventSource = BROWSER, **sender: Any) -> list[MappedEvent]:
    """The events of an item, each of which our log takes."""
    request = mapped(sent, source=source, **sender)
    assert not request.rejected
    for one in request.events:
        assert not checked_events(one).errors
    return list(request.events)


def test_a_server_vouches_for_the_user_id_that_it_sends() -> None:
    (one,) = made(item("identify", userId="lea", traits=TRAITS), SERVER)

    assert one.origin == "server"
    assert one.event["type"] == "traits_changed"
    assert one.event["authenticated"] is True
    assert one.event["identifiers"] == {
        "user_id": "lea",
        "anonymous_id": "device-1",
        "email": "lea@shop.example",
        "phone": "+4930123456",
    }
    assert one.event["data"] == {"traits": {"city": "Berlin"}}


def test_an_address_is_proven_only_where_the_source_verifies_them() -> None:
    verified = EventSource("s", "S", "server", emails_verified=True)
    sent = item("identify", userId="lea", traits=TRAITS)

    assert event_of(sent, SERVER)["proven"] == []
    assert event_of(sent, verified)["proven"] == ["email"]
    assert event_of(item("identify", userId="lea", traits={"a": 1}), verified)["proven"] == []


def test_a_server_that_knows_no_user_id_tells_of_a_device() -> None:
    event = event_of(item("identify", traits=TRAITS), SERVER)

    assert event["authenticated"] is False
    assert "proven" not in event
    assert event["identifiers"]["anonymous_id"] == "device-1"


def test_an_account_that_a_server_tells_without_traits_is_updated() -> None:
    addresses = {"email": "lea@shop.example"}
    event = event_of(item("identify", userId="lea", traits=addresses), SERVER)

    assert (event["type"], event["data"]) == ("account_updated", {})
    assert event["identifiers"]["email"] == "lea@shop.example"


def test_a_browser_proves_nothing_and_identify_changes_traits_of_the_device() -> None:
    (one,) = made(item("identify", userId="lea", traits=TRAITS))

    assert one.origin == "browser"
    assert one.event["type"] == "traits_changed"
    assert one.event["authenticated"] is False
    assert "proven" not in one.event


def test_identify_of_a_browser_without_traits_is_recorded_under_its_own_name() -> None:
    (one,) = made(item("identify", userId="lea"))

    assert (one.origin, one.event["type"]) == ("browser", "identify")
    assert one.event["authenticated"] is False


@pytest.mark.parametrize(
    ("context", "traits_with", "header"),
    [
        ({}, {}, "lea"),
        ({"user_token": TOKEN}, {}, None),
        ({"traits": {"userToken": TOKEN}}, {}, None),
        ({}, {"userToken": TOKEN}, None),
    ],
)
def test_identify_with_a_valid_user_token_is_a_sign_in(
    context: dict[str, Any], traits_with: dict[str, Any], header: str | None
) -> None:
    sent = item("identify", userId="lea", traits={**TRAITS, **traits_with}, context=context)
    signed_in, traits = made(sent, user_id=header)

    assert (signed_in.origin, traits.origin) == ("server", "server")
    assert (signed_in.event["type"], traits.event["type"]) == ("signed_in", "traits_changed")
    message = "browser:pages:message-1"
    assert (signed_in.event["id"], traits.event["id"]) == (message, f"{message}.traits")
    assert signed_in.event["authenticated"] is True
    assert traits.event["data"] == {"traits": {"city": "Berlin"}}


def test_what_is_typed_beside_a_token_proves_no_address() -> None:
    trusting = EventSource("p", "P", "browser", token_secrets=("secret",), emails_verified=True)
    for one in made(item("identify", userId="lea", traits=TRAITS), trusting, user_id="lea"):
        assert one.event["proven"] == []


@pytest.mark.parametrize(
    "token",
    [
        sign_user("another", "lea", NOW),
        sign_user("secret", "bob", NOW),
        sign_user("secret", "lea", NOW - 7_200_000_000),
        "x",
        5,
        {"a": 1},
    ],
)
def test_a_token_that_is_wrong_or_old_or_anothers_proves_nothing(token: Any) -> None:
    (one,) = made(item("identify", userId="lea", traits=TRAITS, context={"user_token": token}))

    assert (one.origin, one.event["type"]) == ("browser", "traits_changed")
    assert one.event["authenticated"] is False


def test_a_token_names_the_user_of_an_item_that_names_none() -> None:
    (one,) = made(item("page"), user_id="lea")

    assert one.event["identifiers"] == {"user_id": "lea", "anonymous_id": "device-1"}
    assert (one.origin, one.event["authenticated"]) == ("server", True)


@pytest.mark.parametrize(
    ("name", "properties"),
    [
        ("Order Completed", ORDER),
        ("Order Refunded", {"order_id": "1"}),
        ("Order Cancelled", {"order_id": "1"}),
        ("Loyalty Points Changed", {"points": 1_000_000}),
        ("Loyalty Tier Changed", {"tier": "gold"}),
        ("Loyalty Enrolled", {}),
        ("Contact Released", {}),
    ],
)
def test_a_token_vouches_for_no_order_and_no_points_which_a_page_cannot_know(
    name: str, properties: dict[str, Any]
) -> None:
    (one,) = made(track(name, properties, userId="lea"), user_id="lea")

    assert (one.origin, one.event["authenticated"]) == ("browser", False)


def test_a_token_gives_nobody_a_place_in_the_loyalty_programme() -> None:
    traits = {"loyalty_tier": "gold", "loyalty_enrolled": True, "city": "Berlin"}
    events = made(item("identify", userId="lea", traits=traits), user_id="lea")

    assert events[1].event["data"] == {"traits": {"city": "Berlin"}}


def test_signed_in_is_reported_unless_something_vouches_for_it() -> None:
    claimed = event_of(track("Signed In", userId="lea"), BROWSER)
    known = event_of(track("Signed In", userId="lea"), SERVER)

    assert (claimed["type"], claimed["authenticated"]) == ("sign_in_reported", False)
    assert (known["type"], known["authenticated"]) == ("signed_in", True)


def test_an_order_is_told_with_the_address_that_was_typed_and_its_data_without() -> None:
    event = event_of(track("Order Completed", {**ORDER, "email": "lea@shop.example"}), SERVER)

    assert event["identifiers"]["email"] == "lea@shop.example"
    assert "email" not in event["data"]


def test_what_is_looked_at_is_told_without_addresses() -> None:
    context = {"traits": {"email": "lea@shop.example"}}
    event = event_of(track("Product Viewed", {"product_id": "p"}, context=context), SERVER)

    assert event["identifiers"] == {"anonymous_id": "device-1"}
    assert "lea@shop.example" not in str(event)


def test_numbers_that_are_ids_are_text() -> None:
    event = event_of({"type": "page", "userId": 17, "anonymousId": 4.0, "messageId": 9}, SERVER)

    assert event["identifiers"] == {"user_id": "17", "anonymous_id": "4"}
    assert event["id"] == "9"
