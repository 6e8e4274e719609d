"""Cases of who is who: what strangers type, gifts, devices that change hands, and proofs."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from tests.support.case_shop import NOW, CaseShop
from tests.support.toy_services import wait_until


def order(
    shop: CaseShop, time: str, who: dict[str, str], number: str, revenue: int = 3_000, **more: Any
) -> dict[str, Any]:
    data: dict[str, Any] = {
        "order_id": number,
        "revenue": revenue,
        "currency": "USD",
        "products": [],
        **more,
    }
    return shop.event("order_completed", time, who, **data)


def proven(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "authenticated": True}


def account(shop: CaseShop, time: str, **who: str) -> dict[str, Any]:
    return shop.event("signed_in", time, who, authenticated=True)


def ask(shop: CaseShop, at_least: Any = None, /, **who: str) -> tuple[Any, ...]:
    """What identity and offers answer about identifiers that nobody vouches for."""
    identifiers = shop.event("product_viewed", NOW, who)["identifiers"]
    lookup = shop.client.call("identity", "lookup", identifiers=identifiers)
    request = {
        "placement": "checkout",
        "identifiers": identifiers,
        "deadline_ms": 10_000,
        "dry_run": True,
        "at_least": at_least or {},
    }
    decisions: list[dict[str, Any]] = []

    def has_caught_up() -> bool:  # in time: a machine that is busy may need several requests
        decisions.append(shop.client.call("offers", "decide", request=request))
        return not decisions[-1]["stale"]

    wait_until(has_caught_up)
    decision = decisions[-1]
    return (
        lookup,
        decision["profile_id"],
        decision["assurance"],
        decision["reasons"],
        decision["slots"],
    )


@pytest.mark.parametrize("swapped", [False, True])
def test_who_types_an_address_and_signs_in_does_not_get_its_orders(
    shop: CaseShop, swapped: bool
) -> None:
    first = order(shop, "09-01", {"email": "lea"}, "1", 60_000)
    typed = shop.event("checkout_started", "10-01", {"anonymous_id": "d1", "email": "lea"})
    shop.record(*((typed, first) if swapped else (first, typed)))
    shop.record(
        account(shop, "10-01", user_id="eve", anonymous_id="d1"),
        account(shop, "10-02", user_id="lea", email="lea"),
    )
    assert shop.orders(user_id="eve") == (0, {})
    assert shop.orders(user_id="lea") == (1, {"USD": 60_000})
    assert "high_value" not in shop.segments(user_id="eve")
    assert "high_value" in shop.segments(user_id="lea")


def test_a_gift_to_an_address_does_not_take_what_was_ordered_with_it(shop: CaseShop) -> None:
    shop.record(
        order(shop, "10:00", {"anonymous_id": "laptop", "email": "cara"}, "1"),
        {
            **order(shop, "10:01", {"user_id": "bob", "email": "cara"}, "2", 500),
            "authenticated": True,
        },
    )
    (receipt,) = shop.record(account(shop, "10:02", user_id="cara", email="cara"))
    assert receipt["ignored_identifiers"] == []
    assert shop.orders(user_id="cara") == (1, {"USD": 3_000})
    assert shop.orders(user_id="bob") == (1, {"USD": 500})


def test_a_stranger_who_types_an_address_sees_what_everybody_sees(shop: CaseShop) -> None:
    shop.record(
        order(shop, "10:00", {"anonymous_id": "laptop", "email": "ann"}, "1", 90_000),
        account(shop, "10:01", user_id="ben", email="ben"),
    )
    answers = []
    for device, mail in (("phone1", "ann"), ("phone2", "ben"), ("phone3", "new")):
        (receipt,) = shop.record(
            shop.event("checkout_started", "10:02", {"anonymous_id": device, "email": mail})
        )
        assert receipt["ignored_identifiers"] == []
        profile = shop.profile(anonymous_id=device)
        assert profile["profile_id"] == receipt["profile_id"]
        assert (profile["orders"]["count"], profile["events"]) == (0, 1)
        seen = ask(shop, profile["versions"], anonymous_id=device, email=mail)
        *_, assurance, reasons, slots = seen
        answers.append((assurance, reasons, slots))
    assert answers[0] == answers[1] == answers[2]


def test_an_address_and_a_name_alone_have_one_answer_known_or_not(shop: CaseShop) -> None:
    shop.record(
        order(shop, "10:00", {"email": "ann"}, "1"),
        account(shop, "10:01", user_id="ben", email="ben"),
    )
    answers = [ask(shop, email=mail) for mail in ("ann", "ben", "new")]
    answers += [ask(shop, user_id=name) for name in ("ben", "new")]
    answers += [ask(shop, anonymous_id="unknown", email=mail) for mail in ("ben", "new")]
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0]["profile_id"] is None


def test_an_order_under_another_address_on_an_accounts_device_is_who_proves_that(
    shop: CaseShop,
) -> None:
    shop.record(
        account(shop, "10:00", user_id="A", email="a", device_id="lap"),
        order(shop, "10:01", {"device_id": "lap", "email": "b"}, "1"),
    )
    assert shop.orders(user_id="A") == (0, {})
    shop.record(account(shop, "10:02", user_id="B", email="b", device_id="phone"))
    assert shop.orders(user_id="A") == (0, {})
    assert shop.orders(user_id="B") == (1, {"USD": 3_000})


def test_three_services_say_the_same_of_a_guests_device(shop: CaseShop) -> None:
    device = {"anonymous_id": "d"}
    shop.record(
        shop.event("cart_updated", "10:00", device, cart_id="c", currency="USD", products=[]),
        shop.event("checkout_started", "10:01", {**device, "email": "n"}),
        proven(order(shop, "10:02", {"user_id": "n", "email": "n"}, "1")),
    )
    guest = shop.profile(**device)
    assert guest["orders"]["count"] == 0
    lookup, profile_id, assurance, *_ = ask(shop, guest["versions"], **device)
    assert {lookup["profile_id"], profile_id} == {guest["profile_id"]}
    assert (lookup["assurance"], assurance) == ("device", "device")
    assert shop.orders(user_id="n") == (1, {"USD": 3_000})


def test_what_a_database_writes_for_nothing_makes_nobody_an_account(shop: CaseShop) -> None:
    receipts = []
    for number in range(3):
        event = order(shop, "10:00", {"email": f"g{number}"}, f"{number}")
        event["identifiers"]["user_id"] = r"\N"
        receipts += shop.record(proven(event))
    assert len({receipt["profile_id"] for receipt in receipts}) == 3
    assert [each["type"] for r in receipts for each in r["ignored_identifiers"]] == ["user_id"] * 3


@pytest.mark.parametrize("places", list(itertools.permutations(range(3))))
def test_orders_under_an_address_are_the_accounts_that_proves_it_in_any_order(
    shop: CaseShop, places: tuple[int, ...]
) -> None:
    events = [
        order(shop, "10:00", {"anonymous_id": "laptop", "email": "ann"}, "1"),
        order(shop, "10:01", {"email": "ann"}, "2"),
        account(shop, "10:02", user_id="ann", email="ann"),
    ]
    shop.record(*(events[place] for place in places))
    assert shop.orders(user_id="ann") == (2, {"USD": 6_000})
    assert shop.orders(anonymous_id="laptop") == (0, {})


def test_a_sign_out_and_a_sign_in_of_one_second_count_in_the_order_of_the_call(
    shop: CaseShop,
) -> None:
    till = {"anonymous_id": "till"}
    shop.record(account(shop, "10:00", user_id="ann", **till))
    shop.receipts(
        shop.event("signed_out", "10:05", {"user_id": "ann", **till}, authenticated=True),
        account(shop, "10:05", user_id="bob", **till),
        shop.event("product_viewed", "10:05", till, product_id="p"),
    )
    assert shop.profile(**till)["profile_id"] == shop.profile(user_id="bob")["profile_id"]
    shop.receipts(
        shop.event("signed_out", "10:09", {"user_id": "bob", **till}, authenticated=True),
        shop.event("product_viewed", "10:09", till, product_id="p"),
    )
    assert shop.profile(**till)["profile_id"] != shop.profile(user_id="bob")["profile_id"]


def test_a_sign_out_that_ends_nothing_says_so(shop: CaseShop) -> None:
    shop.record(account(shop, "10:00", user_id="ann", anonymous_id="d"))
    (receipt,) = shop.record(
        shop.event("signed_out", "10:05", {"user_id": "ann"}, authenticated=True)
    )
    (ignored,) = receipt["ignored_identifiers"]
    assert ignored["reason"].startswith("signed_out: ")
    assert shop.profile(anonymous_id="d")["profile_id"] == receipt["profile_id"]


WHO = [
    {"user_id": "ann"},
    {"user_id": "nobody"},
    {"email": "ann"},
    {"phone": "+4915112345678"},
    {"anonymous_id": "laptop"},
    {"anonymous_id": "laptop", "email": "ann"},
    {"anonymous_id": "laptop", "user_id": "ann"},
    {"anonymous_id": "laptop", "user_id": "bob"},
    {"anonymous_id": "laptop", "user_id": "nobody"},
    {"anonymous_id": "phone", "user_id": "ann"},
    {"anonymous_id": "phone", "email": "ann"},
    {"anonymous_id": "phone", "device_id": "laptop"},
    {"anonymous_id": "new", "email": "ann"},
]


@pytest.mark.parametrize("authenticated", [False, True])
def test_identity_and_offers_recognise_the_same_shopper(
    shop: CaseShop, authenticated: bool
) -> None:
    receipts = shop.record(
        account(shop, "09:00", user_id="ann", email="ann", anonymous_id="laptop"),
        account(shop, "09:01", user_id="bob", anonymous_id="bobs"),
        order(shop, "09:02", {"anonymous_id": "laptop", "email": "other"}, "1"),
        shop.event("checkout_started", "09:03", {"anonymous_id": "phone", "email": "ann"}),
    )
    token = {stream: v for each in receipts for stream, v in each["token"].items()}
    for who in WHO:
        identifiers = shop.event("product_viewed", NOW, who)["identifiers"]
        asked = {"identifiers": identifiers, "authenticated": authenticated}
        lookup = shop.client.call("identity", "lookup", **asked)
        request = {"placement": "checkout", "at_least": token, "deadline_ms": 20_000, **asked}
        decision = shop.client.call("offers", "decide", request=request)
        found = lookup["profile_id"], lookup["assurance"] or "none"
        assert (decision["profile_id"], decision["assurance"]) == found, who


@pytest.mark.parametrize("contact", ["email", "phone"])
def test_orders_for_six_contacts_on_one_device_are_six_shoppers(
    shop: CaseShop, contact: str
) -> None:
    contacts = [f"+4915155{shop.case:04d}{n}" if contact == "phone" else f"k{n}" for n in range(6)]
    for number, each in enumerate(contacts):
        event = order(shop, f"10:0{number}", {"device_id": "kiosk", contact: each}, str(number))
        if contact == "phone":
            event["identifiers"]["phone"] = each
        shop.record(event)
        assert shop.orders(device_id="kiosk")[0] == (number + 1 if number < 5 else 0)


def test_who_signs_in_with_a_clock_that_is_hours_ahead_has_the_device_until_the_next_one_does(
    shop: CaseShop,
) -> None:
    """A shop that sends its local time as UTC, and another door whose clock is right."""
    tablet = {"device_id": "tablet"}
    ann, bob = {"user_id": "ann", **tablet}, {"user_id": "bob", **tablet}
    shop.record(
        shop.event("signed_in", "2026-11-21T07:00:00Z", ann, authenticated=True),
        shop.event("product_viewed", "12:00", tablet, product_id="lamp"),
    )
    assert shop.profile(**tablet)["profile_id"] == shop.profile(user_id="ann")["profile_id"]
    shop.record(
        shop.event("signed_in", "12:00", bob, authenticated=True),
        shop.event("order_completed", "12:00", tablet, order_id="1", revenue=100, currency="USD"),
    )
    assert shop.profile(**tablet)["profile_id"] == shop.profile(user_id="bob")["profile_id"]
    assert shop.orders(user_id="bob") == (1, {"USD": 100})
    assert shop.orders(user_id="ann") == (0, {})
    shop.record(shop.event("signed_out", "2026-11-21T08:00:00Z", bob, authenticated=True))
    assert shop.profile(**tablet)["orders"]["count"] == 0
