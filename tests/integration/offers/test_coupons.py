"""Coupon codes on both databases: one for each grant, and never the same for two."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import pytest

from chassis.database.engine import Database
from services.offers import store
from services.offers.commands import list_coupons, load_coupons
from services.offers.queries import compare_catalogue
from tests.integration.offers.test_caps import COST, CappedShop, offer_in


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> CappedShop:
    shop = CappedShop(service_database("offers"))
    shop.set_limits(more="coupons: summer")
    shop.move("p-1", "p-1", user_id="grace")
    shop.move("p-2", "p-2", user_id="omar")
    return shop


def add(shop: CappedShop, *codes: str, pool: str = "summer") -> dict[str, Any]:
    request = {"pool": pool, "codes": list(codes)}
    return shop.work.run(lambda unit: load_coupons(unit, request))


def who(name: str) -> dict[str, Any]:
    return {"identifiers": {"user_id": name}, "authenticated": True}


def test_a_load_that_is_repeated_adds_nothing(shop: CappedShop) -> None:
    assert add(shop, "A-1", "A-2", "A-2") == {"pool": "summer", "free": 2, "taken": 0, "added": 2}
    assert add(shop, "A-2", "A-3")["added"] == 1
    add(shop, "A-1", pool="winter")
    assert shop.work.read(list_coupons)["pools"] == [
        {"pool": "summer", "free": 3, "taken": 0}, {"pool": "winter", "free": 1, "taken": 0},
    ]  # fmt: skip


def test_each_reservation_has_a_code_of_its_own_and_keeps_it(shop: CappedShop) -> None:
    add(shop, "A-1", "A-2")
    first = shop.reserve("k-1", **who("grace"))
    assert (first["state"], first["code"]) == ("reserved", "A-1")
    assert shop.reserve("k-1", **who("grace")) == first
    assert shop.reserve("k-2", **who("omar"))["code"] == "A-2"
    assert shop.confirm("k-1", order_id="o-1", **who("grace"))["code"] == "A-1"
    assert shop.confirm("k-1", order_id="o-1", **who("grace"))["code"] == "A-1"


@pytest.mark.parametrize("codes", [(), ("A-1",)], ids=["none left", "one left"])
def test_a_confirmation_is_answered_as_it_was_though_its_offer_has_codes_since(
    shop: CappedShop, codes: tuple[str, ...]
) -> None:
    shop.set_limits()
    shop.reserve("k-1", **who("grace"))
    confirmed = shop.confirm("k-1", order_id="o-1")
    shop.set_limits(more="coupons: summer")
    add(shop, *codes)
    assert shop.confirm("k-1", order_id="o-1") == confirmed
    assert confirmed["state"] == "confirmed"


def test_a_code_that_somebody_has_seen_is_nobody_elses(shop: CappedShop) -> None:
    add(shop, "A-1")
    shop.reserve("k-1", **who("grace"))
    assert shop.release("k-1")["state"] == "released"
    refused = shop.reserve("k-2", **who("omar"))
    assert (refused["state"], refused["reasons"]) == (
        "refused", ["coupons: no code is left in the pool summer"],
    )  # fmt: skip
    assert "code" not in refused
    add(shop, "A-2")
    assert shop.reserve("k-2", **who("omar"))["code"] == "A-2"


def test_a_refusal_takes_neither_a_code_nor_a_place_in_a_cap(shop: CappedShop) -> None:
    add(shop, "A-1", "A-2")
    shop.reserve("k-1", **who("grace"))
    assert shop.reserve("k-2", **who("grace"))["state"] == "refused"
    assert shop.work.read(list_coupons)["pools"][0]["free"] == 1


def test_what_a_page_reserves_takes_no_code_until_it_is_confirmed(shop: CappedShop) -> None:
    shop.set_limits(more="coupons: summer")
    shop.move("p-3", "p-3", device_id="d-1")
    add(shop, "A-1")
    key = shop.decide(reserve=True)["reservations"]["coupon"]["key"]
    assert shop.work.read(list_coupons)["pools"][0]["free"] == 1
    assert shop.confirm(key, order_id="o-1", identifiers={"device_id": "d-1"})["code"] == "A-1"


@pytest.mark.parametrize("caps", ["", "{by: shopper, most: 1}"], ids=["unlimited", "capped"])
@pytest.mark.parametrize("reserve", [False, True])
def test_an_offer_whose_pool_has_no_code_left_is_not_shown(
    shop: CappedShop, caps: str, reserve: bool
) -> None:
    shop.set_limits(caps, more="coupons: summer", cost=COST if caps else None)
    empty = {"coupon": "coupons: no code is left in the pool summer"}
    add(shop, "A-1", pool="winter")
    decision = shop.decide(reserve=reserve, explain=True)
    assert (offer_in(decision), decision["capped"]) == ("plain", empty)
    add(shop, "A-1")
    assert offer_in(shop.decide(reserve=reserve)) == "coupon"
    shop.reserve("k-1", **who("grace"))
    assert offer_in(shop.decide("d-2", reserve=reserve)) == "plain"
    # What a page has reserved is shown to the end, though it may have to be refused.
    kept = offer_in(shop.decide(reserve=reserve))
    assert kept == ("coupon" if caps and reserve else "plain")


def test_whose_sign_in_an_offer_wants_alone_learns_that_its_pool_is_empty(shop: CappedShop) -> None:
    shop.set_limits(more="coupons: summer", requires="verified")
    assert "capped" not in shop.decide()
    assert "capped" in shop.decide(**who("grace"))


def test_an_offer_without_coupons_has_no_code(shop: CappedShop) -> None:
    shop.set_limits()
    assert "code" not in shop.reserve("k-1", **who("grace"))
    assert shop.work.read(lambda unit: store.coupon_of(unit, "k-1")) is None


def test_many_at_once_take_codes_of_their_own(shop: CappedShop) -> None:
    shop.set_limits("{by: offer, most: 100}", more="coupons: summer")
    add(shop, *(f"A-{number:02}" for number in range(12)))
    racers = [eventlet.spawn(shop.reserve, f"k-{key}", **who("grace")) for key in range(12)]
    taken = [racer.wait()["code"] for racer in racers]
    assert sorted(taken) == [f"A-{number:02}" for number in range(12)]


def test_a_check_warns_of_a_pool_that_is_not_loaded(shop: CappedShop) -> None:
    file = shop.handler.catalogues.file

    def warnings() -> list[str]:
        response = shop.work.read(
            lambda unit: compare_catalogue(unit, file, shop.handler.catalogues)
        )
        assert response["warnings"] == []
        return [warning for each in response["offers"] for warning in each["warnings"]]

    (warning,) = warnings()
    assert "its pool is not loaded" in warning
    add(shop, "A-1")
    assert warnings() == []
