"""Cases of the saved addresses and payment methods of accounts."""

from __future__ import annotations

from typing import Any

import pytest
from structlog.testing import capture_logs

from contracts.checkout_profile import CHECKOUT_PROFILE_RESPONSE
from tests.support.case_shop import CaseShop

ANN, BEN = {"user_id": "ann"}, {"user_id": "ben"}
HOME = {"address_id": "home", "address": {"name": "Ann", "line1": "1 Example Street"}}
VISA = {"provider": "stripe", "token": "pm_1", "brand": "visa", "last4": "4242"}
NOTHING: dict[str, Any] = {"addresses": [], "payment_methods": []}


def kept(shop: CaseShop, user: str = "ann") -> dict[str, Any]:
    response: dict[str, Any] = shop.client.call(
        "profiles", "checkout_profile", user_id=shop.mine(user)
    )
    CHECKOUT_PROFILE_RESPONSE.load(response)
    return response


def names(shop: CaseShop, user: str = "ann") -> list[str]:
    return [each["address_id"] for each in kept(shop, user)["addresses"]]


def save(
    shop: CaseShop, data: dict[str, Any], who: dict[str, str], time: str = "10:00", **changes: Any
) -> dict[str, Any]:
    kind = "address_saved" if "address_id" in data else "payment_method_saved"
    event = shop.event(kind, time, who, authenticated=True, **data)
    return {**event, **changes}


def test_what_is_saved_is_there_at_once_and_gone_once_it_is_removed(shop: CaseShop) -> None:
    assert kept(shop) == NOTHING
    shop.record(save(shop, HOME, ANN), save(shop, VISA, ANN))
    response = kept(shop)
    assert [each["address"]["line1"] for each in response["addresses"]] == ["1 Example Street"]
    assert [(each["token"], each["last4"]) for each in response["payment_methods"]] == [
        ("pm_1", "4242")
    ]
    shop.record(
        shop.event("address_removed", "11:00", ANN, authenticated=True, address_id="home"),
        shop.event(
            "payment_method_removed", "11:00", ANN, authenticated=True, provider="stripe",
            token="pm_1",
        ),
    )  # fmt: skip
    assert kept(shop) == NOTHING


def test_another_account_on_the_same_device_has_none_of_it(shop: CaseShop) -> None:
    device = {"device_id": "d-1"}
    shop.record(save(shop, HOME, ANN | device))
    shop.record(save(shop, {**HOME, "address_id": "bens"}, BEN | device, "11:00"))
    assert (names(shop), names(shop, "ben")) == (["home"], ["bens"])


@pytest.mark.parametrize(
    ("changes", "origin", "field"),
    [
        ({"authenticated": False}, "server", "authenticated"),
        ({}, "browser", "authenticated"),
        ({"identifiers": {"email": "ann@shop.example"}}, "server", "identifiers.user_id"),
        ({"identifiers": {"device_id": "d-1"}}, "server", "identifiers.user_id"),
    ],
)
def test_nobody_saves_anything_without_a_sign_in(
    shop: CaseShop, changes: dict[str, Any], origin: str, field: str
) -> None:
    for data in (HOME, VISA):
        (receipt,) = shop.receipts(save(shop, data, ANN, **changes), origin=origin)
        assert receipt["status"] == "rejected"
        assert receipt["error"]["field"] == f"events[0].{field}"
    assert kept(shop) == NOTHING


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"last4": "42"}, "last4"),
        ({"last4": "4111111111111111"}, "last4"),
        ({"token": "4111 1111 1111 1111"}, "token"),
        ({"exp_month": 13}, "exp_month"),
        ({"brand": None}, "brand"),
        ({"note": "4111 1111 1111 1111"}, "note"),
    ],
)
def test_a_card_is_a_token_and_its_last_four_digits(
    shop: CaseShop, change: dict[str, Any], field: str
) -> None:
    (receipt,) = shop.receipts(save(shop, {**VISA, **change}, ANN))
    assert receipt["status"] == "rejected"
    assert f"events[0].data.{field}" in [each["field"] for each in receipt["errors"]]
    assert "1111" not in str(receipt)


def test_a_merge_brings_together_what_two_accounts_keep_and_a_split_parts_it(
    shop: CaseShop,
) -> None:
    card = {"loyalty_id": "card"}
    shop.record(save(shop, HOME, ANN))
    shop.record(save(shop, {**HOME, "address_id": "office"}, card, "11:00"))
    assert names(shop) == ["home"]
    ann = shop.profile(user_id="ann")["profile_id"]
    of_card = shop.profile(loyalty_id="card")["profile_id"]
    shop.client.call("identity", "merge", a=ann, b=of_card, reason="one and the same")
    shop.wait_until_followed()
    assert names(shop) == ["office", "home"]
    described = shop.client.call("identity", "describe", profile_id=ann)
    stream = next(each for each in described["streams"] if each["stream"] == of_card)
    keys = [each["key"] for each in stream["identifiers"]]
    shop.client.call("identity", "split", profile_id=ann, identifiers=keys, reason="two after all")
    shop.wait_until_followed()
    assert names(shop) == ["home"]


def test_no_timeline_shows_it_unasked(shop: CaseShop) -> None:
    shop.record(save(shop, HOME, ANN), save(shop, VISA, ANN))
    timeline = shop.timeline(user_id="ann")
    assert "Example Street" not in str(timeline)
    assert "4242" not in str(timeline)
    assert "pm_1" not in str(timeline)
    left_out = {each["type"]: each["left_out"] for each in timeline["entries"]}
    assert left_out["address_saved"] == ["address"]


def test_none_of_it_gets_into_logs(shop: CaseShop) -> None:
    with capture_logs() as logs:
        shop.record(save(shop, HOME, ANN), save(shop, VISA, ANN))
        shop.receipts(save(shop, {**VISA, "last4": "x", "token": "pm_secret"}, ANN))
        kept(shop)
        shop.wait_until_followed()
    for secret in ("Example Street", "4242", "pm_1", "pm_secret"):
        assert secret not in str(logs)


def test_who_is_not_known_has_saved_nothing(shop: CaseShop) -> None:
    for user in ("nobody", "guest", "null"):
        response = shop.client.call("profiles", "checkout_profile", user_id=user)
        assert response == NOTHING
