"""What refunds give back where an order's id stands for several orders, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chassis import Event, new_id
from chassis.database.engine import Database
from tests.integration.offers.test_caps import ANN, BEN, NOW, CappedShop
from tests.integration.offers.test_exposures import ShopWithExperiment
from tests.integration.offers.test_offers import moved

APART = {"order_apart": True}
TIM: dict[str, Any] = {"identifiers": {"email": "tim@example.com"}}


class ShopOfReusedIds(CappedShop):
    """A shop whose order `o-1` of `s-1` is another than that of a second stream."""

    def tell(self, stream: str, kind: str, metadata: Any = None, **data: Any) -> None:
        version = self.next_version(stream)
        data = {"order_id": "o-1", **data}
        self.follow(
            Event(new_id(), "profiles", kind, stream, version, data, NOW, NOW, 1, metadata or {})
        )

    def order(self, stream: str, metadata: Any = None) -> None:
        self.tell(stream, "order_completed", metadata, revenue=5_000, currency="EUR")

    def buy(self, key: str, who: dict[str, Any]) -> None:
        self.reserve(key, **who)
        assert self.confirm(key, order_id="o-1", value=5_000, **who)["state"] == "confirmed"

    def states(self, **shoppers: dict[str, Any]) -> list[str]:
        self.run_timers()
        return [self.confirm(k, order_id="o-1", **who)["state"] for k, who in shoppers.items()]


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> ShopOfReusedIds:
    shop = ShopOfReusedIds(service_database("offers"))
    shop.move("p-1", "s-1", device_id="d-1")
    shop.move("p-2", "s-2", device_id="d-2")
    return shop


@pytest.mark.parametrize("is_confirmed_first", [True, False])
@pytest.mark.parametrize(
    ("stream", "metadata", "states"),
    [("s-1", {}, ["returned", "confirmed"]), ("s-2", APART, ["confirmed", "returned"])],
)
def test_a_refund_of_one_order_gives_back_no_grant_for_another_of_its_id(
    shop: ShopOfReusedIds,
    is_confirmed_first: bool,
    stream: str,
    metadata: Any,
    states: list[str],
) -> None:
    refund = {"amount": 5_000, "currency": "EUR", "refund_id": "r-1"}
    shop.order("s-1")
    shop.order("s-2", APART)
    if not is_confirmed_first:
        shop.tell(stream, "order_refunded", metadata, **refund)
        shop.run_timers()
    shop.buy("a", ANN)
    shop.buy("b", BEN)
    if is_confirmed_first:
        shop.tell(stream, "order_refunded", metadata, **refund)
    assert shop.states(a=ANN, b=BEN) == states


def test_refunds_of_two_orders_of_one_id_count_each_though_they_have_one_reference(
    shop: ShopOfReusedIds,
) -> None:
    shop.order("s-1")
    shop.order("s-2", APART)
    shop.buy("a", ANN)
    shop.buy("b", BEN)
    half = {"amount": 2_500, "currency": "EUR"}
    for metadata, stream in (({}, "s-1"), (APART, "s-2")):
        shop.tell(stream, "order_refunded", metadata, refund_id="r-1", **half)
    assert shop.states(a=ANN, b=BEN) == ["confirmed", "confirmed"]
    shop.tell("s-2", "order_refunded", APART, refund_id="r-2", **half)
    assert shop.states(a=ANN, b=BEN) == ["confirmed", "returned"]


def test_of_an_id_of_several_orders_a_guests_grant_is_found_by_the_address(
    shop: ShopOfReusedIds,
) -> None:
    shop.order("s-1")
    shop.happen("s-9", "product_viewed", email="tim@example.com")  # nothing leads to that stream
    shop.order("s-9", APART)
    shop.buy("a", ANN)
    shop.buy("t", TIM)
    shop.tell("s-1", "order_cancelled")
    assert shop.states(a=ANN, t=TIM) == ["returned", "confirmed"]
    shop.tell("s-9", "order_cancelled", APART)
    assert shop.states(t=TIM) == ["returned"]


def test_what_an_order_has_given_back_moves_with_it(shop: ShopOfReusedIds) -> None:
    shop.order("s-1")
    shop.order("s-8", APART)
    shop.tell("s-8", "order_cancelled", APART)
    versions = {each: shop.next_version(each) for each in ("s-2", "s-8")}
    streams = [{"stream": each, "version": version} for each, version in versions.items()]
    data = {"from": "s-8", "to": "s-2", "state": {}, "fact_id": new_id(), "streams": streams}
    data |= {"order_id": "o-1"}
    metadata = {"joint": True, **APART}
    for each, version in versions.items():
        shop.follow(
            Event(new_id(), "profiles", "order_moved", each, version, data, NOW, NOW, 1, metadata)
        )
    shop.buy("a", ANN)
    shop.buy("b", BEN)
    assert shop.states(a=ANN, b=BEN) == ["confirmed", "returned"]


def test_another_accounts_order_gives_nothing_back_before_its_namesake_is_told(
    shop: ShopOfReusedIds,
) -> None:
    shop.move("p-5", "s-5", user_id="eva")
    shop.move("p-6", "s-6", user_id="flo")
    flo = {"identifiers": {"user_id": "flo"}, "authenticated": True}
    shop.order("s-5")
    shop.tell("s-5", "order_cancelled")
    shop.buy("f", flo)
    assert shop.states(f=flo) == ["confirmed"]


def test_a_grant_of_nobody_known_is_given_back_by_the_only_order_of_its_id(
    shop: ShopOfReusedIds,
) -> None:
    shop.reserve("a", **ANN)
    shop.confirm("a", order_id="o-1")
    shop.tell("s-9", "order_cancelled")
    assert shop.states(a={}) == ["returned"]


def test_the_revenue_of_an_experiment_is_after_the_refunds_of_its_own_shoppers_orders(
    service_database: Callable[[str], Database],
) -> None:
    shop = ShopWithExperiment(service_database("offers"))
    shop.follow_profiles(
        moved("p-1", "s-1", user_id="user-1"), moved("p-2", "s-2", user_id="user-2")
    )
    for user in ("user-1", "user-2"):
        part = shop.part(identifiers={"user_id": user}, authenticated=True)
        shop.report(part)
        shop.report(part, "converted", order_id="o-1", value=4_000, currency="EUR")
    order = {"order_id": "o-1", "revenue": 4_000, "currency": "EUR"}
    refund = {"order_id": "o-1", "refund_id": "r", "amount": 900, "currency": "EUR"}

    def event(stream: str, version: int, kind: str, data: Any) -> Event:
        return Event(new_id(), "profiles", kind, stream, version, data, NOW, NOW)

    own = [
        replace(each, metadata=APART)
        for each in (
            event("s-2", 2, "order_completed", order),
            event("s-2", 3, "order_refunded", refund),
        )
    ]
    shop.follow_profiles(event("s-1", 2, "order_completed", order), *own)
    totals = [each["totals"] for each in shop.experiment_report()["variants"]]
    assert sum(each["revenue"] for each in totals) == 8_000 - 900
    assert sum(each["refunds"] for each in totals) == 900
