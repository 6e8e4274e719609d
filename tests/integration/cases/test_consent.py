"""Consent: a refusal belongs to the address it is told with, a grant to where it was recorded."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import InvalidInput, NotFound
from tests.support.case_shop import CaseShop

IDA = {"user_id": "ida", "email": "ida"}
BARE = {"email": "ida"}


def consent(
    shop: CaseShop,
    time: str,
    who: dict[str, str],
    *,
    granted: bool,
    purpose: str = "email",
    **more: Any,
) -> dict[str, Any]:
    event = shop.event("consent_changed", time, who, purpose=purpose, granted=granted)
    return {**event, "authenticated": "user_id" in who, **more}


def consents(shop: CaseShop, **who: str) -> dict[str, bool]:
    found: dict[str, bool] = shop.profile(**who)["consent"]
    return found


def test_a_refusal_by_e_mail_alone_ends_the_consent_of_its_account(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True), consent(shop, "11:00", BARE, granted=False)
    )
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_refusal_that_arrives_before_the_consent_it_ends_ends_it(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "11:00", BARE, granted=False), consent(shop, "10:00", IDA, granted=True)
    )
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_refusal_by_e_mail_is_older_than_the_account(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "09:00", BARE, granted=False),
        shop.event("signed_in", "10:00", IDA, authenticated=True),
    )
    assert consents(shop, user_id="ida") == {"email": False}


@pytest.mark.parametrize("turned", [False, True])
def test_a_consent_that_is_later_than_the_refusal_counts(shop: CaseShop, turned: bool) -> None:
    events = [
        consent(shop, "10:00", BARE, granted=False),
        consent(shop, "11:00", IDA, granted=True),
    ]
    shop.record(*(reversed(events) if turned else events))
    assert consents(shop, user_id="ida") == {"email": True}


@pytest.mark.parametrize("turned", [False, True])
def test_at_one_instant_the_refusal_wins(shop: CaseShop, turned: bool) -> None:
    events = [
        consent(shop, "10:00", BARE, granted=False),
        consent(shop, "10:00", IDA, granted=True),
    ]
    shop.record(*(reversed(events) if turned else events))
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_refusal_on_a_device_that_typed_the_address_reaches_the_account(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True),
        consent(shop, "11:00", {"anonymous_id": "phone", "email": "ida"}, granted=False),
    )
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_browser_refuses_as_well_as_a_shop(shop: CaseShop) -> None:
    shop.record(consent(shop, "10:00", IDA, granted=True))
    refusal = consent(shop, "11:00", {"anonymous_id": "phone", "email": "ida"}, granted=False)
    shop.record(refusal, origin="browser")
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_refusal_by_the_account_reaches_the_devices_that_typed_its_address(
    shop: CaseShop,
) -> None:
    device = {"anonymous_id": "phone"}
    shop.record(
        consent(shop, "09:00", device, granted=True),
        shop.event("checkout_started", "09:01", {**device, "email": "ida"}),
        consent(shop, "11:00", IDA, granted=False),
    )
    assert consents(shop, anonymous_id="phone") == {"email": False}


def test_a_device_that_types_the_address_later_learns_of_its_refusal(shop: CaseShop) -> None:
    device = {"anonymous_id": "phone"}
    shop.record(
        consent(shop, "09:00", device, granted=True),
        consent(shop, "10:00", BARE, granted=False),
        shop.event("checkout_started", "11:00", {**device, "email": "ida"}),
    )
    assert consents(shop, anonymous_id="phone") == {"email": False}


def test_an_account_that_takes_the_address_later_learns_of_its_refusal(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "09:00", {"user_id": "ida"}, granted=True),
        consent(shop, "10:00", BARE, granted=False),
        shop.event("account_updated", "11:00", IDA, authenticated=True),
    )
    assert consents(shop, user_id="ida") == {"email": False}


def test_text_messages_are_refused_by_phone(shop: CaseShop) -> None:
    account = {"user_id": "ida", "phone": "+49 30 1234567"}
    phone = {"phone": "+49 30 1234567"}
    events = [
        consent(shop, "10:00", account, granted=True, purpose="sms"),
        consent(shop, "11:00", phone, granted=False, purpose="sms"),
    ]
    for event in events:  # a number that is this case's alone, and the country's
        event["identifiers"]["phone"] = f"+49 30 1{shop.case:06}"
    shop.record(*events)
    assert consents(shop, user_id="ida") == {"sms": False}


def test_a_refusal_concerns_all_contacts_of_its_event(shop: CaseShop) -> None:
    number = f"+49 30 2{shop.case:06}"
    account = consent(shop, "10:00", {"user_id": "ida", "phone": ""}, granted=True)
    refusal = consent(shop, "11:00", {"email": "other", "phone": ""}, granted=False)
    for event in (account, refusal):
        event["identifiers"]["phone"] = number
    shop.record(account, refusal)
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_purpose_that_is_no_channel_stays_where_it_was_told(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True, purpose="analytics"),
        consent(shop, "11:00", BARE, granted=False, purpose="analytics"),
    )
    assert consents(shop, user_id="ida") == {"analytics": True}


def test_kinds_of_marketing_are_channels(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True, purpose="marketing.post"),
        consent(shop, "11:00", BARE, granted=False, purpose="marketing.post"),
    )
    assert consents(shop, user_id="ida") == {"marketing.post": False}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ida.{}@Shop.Example", "ida.{}@shop.example"),
        ("ida.{}@größe.de", "ida.{}@xn--gre-6ka8i.de"),
    ],
)
def test_an_address_is_the_same_in_another_spelling(shop: CaseShop, one: str, other: str) -> None:
    account = consent(shop, "10:00", IDA, granted=True)
    refusal = consent(shop, "11:00", BARE, granted=False)
    account["identifiers"]["email"] = one.format(shop.case)
    refusal["identifiers"]["email"] = other.format(shop.case)
    shop.record(account, refusal)
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_refusal_counts_once_however_often_it_is_told(shop: CaseShop) -> None:
    refusal = consent(shop, "11:00", BARE, granted=False)
    shop.record(consent(shop, "10:00", IDA, granted=True), refusal)
    assert [each["status"] for each in shop.receipts(refusal, refusal)] == ["duplicate"] * 2
    types = [entry["type"] for entry in shop.timeline(user_id="ida")["entries"]]
    assert types.count("consent_refused") == 1


def test_a_refusal_and_the_consent_it_ends_in_one_call(shop: CaseShop) -> None:
    shop.receipts(
        consent(shop, "11:00", BARE, granted=False), consent(shop, "10:00", IDA, granted=True)
    )
    assert consents(shop, user_id="ida") == {"email": False}


def test_a_consent_counts_where_it_was_recorded_alone(shop: CaseShop) -> None:
    shop.record(
        shop.event("signed_in", "09:00", IDA, authenticated=True),
        consent(shop, "10:00", {"anonymous_id": "phone", "email": "ida"}, granted=True),
        consent(shop, "10:00", BARE, granted=True),
    )
    assert consents(shop, user_id="ida") == {}
    assert consents(shop, anonymous_id="phone") == {"email": True}


def test_who_types_an_address_changes_nobodys_consent(shop: CaseShop) -> None:
    shop.record(consent(shop, "10:00", IDA, granted=True))
    for number in range(3):
        device = {"anonymous_id": f"stranger{number}", "email": "ida"}
        shop.record(shop.event("checkout_started", "11:00", device))
        assert consents(shop, anonymous_id=f"stranger{number}") == {}
    assert consents(shop, user_id="ida") == {"email": True}


@pytest.mark.parametrize("known", ["unknown", "typed", "account"])
def test_receipts_do_not_tell_whether_an_address_is_known(shop: CaseShop, known: str) -> None:
    if known == "typed":
        shop.record(shop.event("checkout_started", "09:00", {"anonymous_id": "a", **BARE}))
    if known == "account":
        shop.record(consent(shop, "09:00", IDA, granted=True))
    (receipt,) = shop.record(
        consent(shop, "10:00", {"anonymous_id": "phone", **BARE}, granted=False)
    )
    assert receipt["token"].keys() == {receipt["stream_id"]}
    assert (receipt["warnings"], receipt["ignored_identifiers"]) == ([], [])


def test_a_device_whose_orders_were_told_with_the_address_learns_of_its_refusal(
    shop: CaseShop,
) -> None:
    device = {"anonymous_id": "phone"}
    order: dict[str, Any] = {"order_id": "1", "revenue": 3_000, "currency": "USD"}
    shop.record(
        consent(shop, "09:00", device, granted=True),
        shop.event("order_completed", "09:30", {**device, "email": "ida"}, **order),
        consent(shop, "10:00", BARE, granted=False),
    )
    assert consents(shop, anonymous_id="phone") == {"email": False}


def test_several_purposes_are_refused_at_once(shop: CaseShop) -> None:
    purposes = {"email": True, "sms": True, "analytics": True}
    refused = dict.fromkeys(purposes, False)
    shop.record(
        shop.event("consent_changed", "10:00", IDA, authenticated=True, purposes=purposes),
        shop.event("consent_changed", "11:00", BARE, purposes=refused),
    )
    assert consents(shop, user_id="ida") == {"email": False, "sms": False, "analytics": True}


def test_a_refusal_that_is_dated_later_than_now_ends_nothing_yet(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "09:00", BARE, granted=False),
        consent(shop, "10:00", IDA, granted=True),
        consent(shop, "2026-11-20T20:00:00Z", BARE, granted=False),
    )
    assert consents(shop, user_id="ida") == {"email": True}


@pytest.mark.parametrize("known", ["unknown", "typed", "account", "refused"])
def test_decisions_do_not_tell_whether_an_address_is_known(shop: CaseShop, known: str) -> None:
    device = {"anonymous_id": "phone", **BARE}
    if known == "typed":
        shop.record(shop.event("checkout_started", "09:00", {"anonymous_id": "other", **BARE}))
    if known == "account":
        shop.record(consent(shop, "09:00", IDA, granted=True))
    if known == "refused":
        shop.record(consent(shop, "09:00", BARE, granted=False))
    event = shop.event("checkout_started", "10:00", device)
    (receipt,) = shop.record(event)
    request = {
        "placement": "checkout",
        "identifiers": event["identifiers"],
        "deadline_ms": 10_000,
        "dry_run": True,
        "at_least": receipt["token"],
    }
    decision = shop.client.call("offers", "decide", request=request)
    assert decision["profile_id"] == receipt["profile_id"]
    assert decision["assurance"] == "device"
    assert {reason for reason in decision["reasons"] if "fallback" not in reason} <= {
        "segments_not_known_yet"
    }


# What the back office may know of an address.


def address(shop: CaseShop) -> dict[str, Any]:
    found: dict[str, Any] = shop.client.call(
        "profiles", "address", email=f"ida.{shop.case}@shop.example"
    )
    return found


def test_an_address_shows_its_account_orders_consents_and_refusals(shop: CaseShop) -> None:
    order: dict[str, Any] = {"order_id": "1", "revenue": 3_000, "currency": "USD"}
    refusal = consent(shop, "11:00", {"anonymous_id": "phone", "email": "ida"}, granted=False)
    shop.record(
        shop.event("order_completed", "09:00", BARE, **order),
        shop.event(
            "order_completed", "09:30", IDA, authenticated=True, **{**order, "order_id": "2"}
        ),
        shop.event("signed_in", "09:45", IDA, authenticated=True),
        consent(shop, "10:00", IDA, granted=True),
    )
    shop.record(refusal, origin="browser")
    found = address(shop)
    assert found["profile_id"] == shop.profile(user_id="ida")["profile_id"]
    assert found["orders"] == {"count": 2, "last_at": "2026-11-20T09:30:00.000000Z"}
    assert [
        (each["granted"], each["at"][11:16], each["source"], each["origin"])
        for each in found["consent"]
    ] == [(False, "11:00", "device", "browser"), (True, "10:00", "account", "server")]
    assert found["consent"][0]["event_id"] == refusal["id"]
    assert [(use["kind"], use["proven"], use.get("orders")) for use in found["streams"]] == [
        ("account", True, None),
        ("address", False, 1),
        ("device", False, None),
    ]


def test_an_address_that_nobody_has_proven_has_no_account(shop: CaseShop) -> None:
    shop.record(shop.event("checkout_started", "09:00", {"anonymous_id": "phone", **BARE}))
    found = address(shop)
    assert (found["profile_id"], found["orders"]["count"]) == (None, 0)
    with pytest.raises(NotFound):
        shop.client.call("profiles", "address", email=f"nobody.{shop.case}@shop.example")
    with pytest.raises(InvalidInput):
        shop.client.call("profiles", "address", email="ida")
    with pytest.raises(InvalidInput):
        shop.client.call("profiles", "address", email="a@shop.example", phone="+49301234567")


def test_an_address_that_its_account_gives_up_is_nobodys(shop: CaseShop) -> None:
    shop.record(
        shop.event("signed_in", "09:00", IDA, authenticated=True),
        shop.event("contact_released", "10:00", IDA, authenticated=True),
    )
    assert address(shop)["profile_id"] is None


def test_the_addresses_of_a_profile_are_revealed_the_newest_first(shop: CaseShop) -> None:
    ida, other = (f"{name}.{shop.case}@shop.example" for name in ("ida", "other"))
    typed = {"user_id": "ida", "email": "other"}
    shop.record(
        shop.event("signed_in", "09:00", IDA, authenticated=True),
        shop.event("checkout_started", "10:00", typed, authenticated=True),
    )
    profile = shop.profile(user_id="ida")
    assert "addresses" not in profile
    revealed = shop.client.call("profiles", "get", profile_id=profile["profile_id"], reveal=True)
    assert [(each["value"], each["proven"]) for each in revealed["addresses"]] == [
        (other, False),
        (ida, True),
    ]
    shop.record(shop.event("checkout_started", "11:00", IDA, authenticated=True))
    revealed = shop.client.call("profiles", "get", profile_id=profile["profile_id"], reveal=True)
    assert [each["value"] for each in revealed["addresses"]] == [ida, other]


def test_a_consent_whose_link_was_opened_belongs_to_the_address_and_its_account(
    shop: CaseShop,
) -> None:
    device = {"anonymous_id": "phone", "email": "ida"}
    shop.record(
        shop.event("signed_in", "09:00", IDA, authenticated=True),
        consent(shop, "10:00", device, granted=True, proven=["email"]),
    )
    assert consents(shop, user_id="ida") == {"email": True}


def test_a_consent_of_an_address_alone_comes_to_who_proves_it_first(shop: CaseShop) -> None:
    shop.record(
        consent(shop, "09:00", BARE, granted=True),
        shop.event("signed_in", "10:00", IDA, authenticated=True),
    )
    assert consents(shop, user_id="ida") == {"email": True}


@pytest.mark.parametrize(
    ("granted", "refused"),
    [("email", "Email"), (" EMAIL ", "email"), ("Marketing.Sms", "marketing.sms")],
)
def test_a_purpose_is_the_same_in_any_case(shop: CaseShop, granted: str, refused: str) -> None:
    shop.record(
        consent(shop, "10:00", IDA, granted=True, purpose=granted),
        consent(shop, "11:00", BARE, granted=False, purpose=refused),
    )
    assert consents(shop, user_id="ida") == {refused.lower(): False}


def test_of_two_spellings_in_one_event_the_refusal_counts(shop: CaseShop) -> None:
    shop.record(shop.event("signed_in", "10:00", IDA, authenticated=True))
    purposes = {"email": False, "Email": True}
    shop.record(shop.event("consent_changed", "11:00", BARE, purposes=purposes))
    assert consents(shop, user_id="ida") == {"email": False}
