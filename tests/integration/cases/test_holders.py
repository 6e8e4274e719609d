"""Whose an address is, for the back office: as identity has it now, whatever became of a proof."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import InvalidInput, NotFound
from tests.support.case_shop import CaseShop

IDA = {"user_id": "ida", "email": "ida"}


def prove(shop: CaseShop) -> str:
    """Ida's account proves her address, and orders with it; her profile."""
    order: dict[str, Any] = {"order_id": "1", "revenue": 3_000, "currency": "USD"}
    shop.record(
        shop.event("order_completed", "08:00", {"email": "ida"}, **order),
        shop.event("signed_in", "09:00", IDA, authenticated=True),
    )
    return str(shop.profile(user_id="ida")["profile_id"])


def email(shop: CaseShop) -> str:
    return f"ida.{shop.case}@shop.example"


def ask(shop: CaseShop) -> dict[str, Any]:
    found: dict[str, Any] = shop.client.call("profiles", "address", email=email(shop))
    return found


def find(shop: CaseShop, **request: Any) -> Any:
    return shop.client.call("profiles", "find", **request)["profile_id"]


def known(shop: CaseShop) -> list[tuple[str, bool]]:
    who = {"user_id": shop.mine("ida")}
    profile = shop.client.call("profiles", "get", identifiers=who, reveal=True)
    return [(each["value"], each["proven"]) for each in profile["addresses"]]


def is_told(shop: CaseShop, profile_id: str | None) -> None:
    """Every answer about the address says that it is, or is not, this account's."""
    found = ask(shop)
    assert found["profile_id"] == profile_id
    proven = [use["kind"] for use in found["streams"] if use["proven"]]
    assert proven == ([] if profile_id is None else ["account"])
    assert known(shop) == [(email(shop), profile_id is not None)]
    assert find(shop, identifiers={"email": email(shop)}) == profile_id
    assert find(shop, who=found["key"]) == profile_id
    assert find(shop, who=f"{found['key'][:14]}…") == profile_id


def test_a_proven_address_leads_the_back_office_to_its_account_and_nobody_else(
    shop: CaseShop,
) -> None:
    is_told(shop, prove(shop))
    who = {"email": email(shop)}
    for authenticated in (True, False):
        found = shop.client.call("identity", "lookup", identifiers=who, authenticated=authenticated)
        assert (found["profile_id"], found["assurance"]) == (None, "claimed")
    with pytest.raises(NotFound):
        shop.client.call("profiles", "get", identifiers=who)
    request = {"placement": "checkout", "identifiers": who, "deadline_ms": 20_000}
    assert shop.client.call("offers", "decide", request=request)["profile_id"] is None


def test_an_address_that_its_holder_releases_is_nobodys(shop: CaseShop) -> None:
    prove(shop)
    shop.record(shop.event("contact_released", "10:00", IDA, authenticated=True))
    is_told(shop, None)


def test_an_address_that_a_desk_withdraws_is_nobodys_until_it_gives_it_back(shop: CaseShop) -> None:
    ida = prove(shop)
    key = ask(shop)["key"]
    split = shop.client.call(
        "identity", "split", profile_id=ida, identifiers=[key], reason="typed by mistake"
    )
    is_told(shop, None)
    (other,) = {each["profile_id"] for each in split["after"]} - {ida}
    shop.client.call("identity", "merge", a=ida, b=other, reason="hers after all")
    is_told(shop, ida)


def test_an_address_is_asked_for_by_its_key_as_it_is_printed(shop: CaseShop) -> None:
    prove(shop)
    found = ask(shop)
    for key in (found["key"], f"{found['key'][:14]}…", f"{found['key'][:14]}..."):
        assert shop.client.call("profiles", "address", key=key) == found


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("email", "is no key"),
        ("email:ffffffffffff", "no identifier that we know"),
        ("post:0123456789ab", "unknown type post"),
        ("device_id:0123456789ab", "which is no address"),
    ],
)
def test_a_key_of_no_address_is_refused_with_the_reason(
    shop: CaseShop, key: str, reason: str
) -> None:
    with pytest.raises((InvalidInput, NotFound), match=reason):
        shop.client.call("profiles", "address", key=key)


def test_two_accounts_swap_their_addresses_within_a_second(shop: CaseShop) -> None:
    ida, uwe = IDA, {"user_id": "uwe", "email": "uwe"}
    shop.record(
        *(shop.event("account_created", "08:00", each, authenticated=True) for each in (ida, uwe)),
        *(shop.event("contact_released", "09:00", each, authenticated=True) for each in (ida, uwe)),
    )
    swapped = shop.record(
        shop.event("account_updated", "09:00", {**ida, "email": "uwe"}, authenticated=True),
        shop.event("account_updated", "09:00", {**uwe, "email": "ida"}, authenticated=True),
    )
    assert [receipt["ignored_identifiers"] for receipt in swapped] == [[], []]
    for number, address in enumerate(("ida", "ida", "uwe")):
        order: dict[str, Any] = {"order_id": str(number), "revenue": 1_000, "currency": "USD"}
        shop.record(shop.event("order_completed", "10:00", {"email": address}, **order))
    assert shop.orders(user_id="uwe") == (2, {"USD": 2_000})
    assert shop.orders(user_id="ida") == (1, {"USD": 1_000})
