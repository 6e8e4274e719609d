"""The ledger of loyalty points on both databases: from events to what a decision shows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from chassis import DAY, Event, new_id
from chassis.database.engine import Database
from services.offers.configuration import read_file
from tests.integration.offers.test_offers import NOW, OffersWithoutNameko, moved

FILE = """\
languages: [en]
loyalty:
  tiers: [{name: member, threshold: 0}, {name: gold, threshold: 100}]
  earn: {USD: {points: 1, per: 100}}
  ledger: {pending: 30d, expiry: 365d}
placements:
  checkout:
    slots:
      loyalty: {fallback: {title: Nothing}}
offers:
  - {id: both, version: 1, slots: [checkout.loyalty], priority: 2,
     content: {title: "{points} and {points_pending} more, {tier}"}}
  - {id: status, version: 1, slots: [checkout.loyalty], priority: 1,
     content: {title: "{points}, {tier}"}}
"""
WHO: dict[str, Any] = {"identifiers": {"user_id": "grace"}, "authenticated": True}


@pytest.fixture
def shop(service_database: Callable[[str], Database]) -> OffersWithoutNameko:
    file = read_file(FILE, is_shipped=False)
    shop = OffersWithoutNameko(service_database("offers"), file=file)
    shop.follow_profiles(
        moved("p-1", "p-1", "p-2", user_id="grace"), event("p-1", 2, 100, "loyalty_enrolled")
    )
    return shop


def event(stream: str, version: int, days_ago: int, type_: str, **data: Any) -> Event:
    at = NOW - days_ago * DAY
    return Event(new_id(), "profiles", type_, stream, version, data, at, at + 1)


def order(stream: str, version: int, days_ago: int, order_id: str, revenue: int) -> Event:
    money = {"order_id": order_id, "revenue": revenue, "currency": "USD"}
    return event(stream, version, days_ago, "order_completed", **money)


def title(shop: OffersWithoutNameko) -> Any:
    (block,) = shop.decide(**WHO)["slots"]["loyalty"]
    return block["content"]["title"]


def test_orders_of_all_streams_earn_points_that_wait_for_their_return_window(
    shop: OffersWithoutNameko,
) -> None:
    shop.follow_profiles(order("p-1", 3, 40, "o-1", 9_900), order("p-2", 2, 3, "o-2", 2_000))
    assert title(shop) == "99 and 20 more, member"
    shop.follow_profiles(event("p-2", 3, 1, "loyalty_points_changed", points=25, reference="gift"))
    assert title(shop) == "124 and 20 more, gold"


def test_refunds_take_back_points_whichever_comes_first(shop: OffersWithoutNameko) -> None:
    shop.follow_profiles(
        event("p-2", 2, 1, "order_refunded", order_id="o-1", amount=4_000, refund_id="r-1"),
        order("p-1", 3, 40, "o-1", 9_900),
        event("p-2", 3, 0, "order_refunded", order_id="o-1", amount=4_000, refund_id="r-1"),
    )
    assert title(shop) == "59, member"
    shop.follow_profiles(event("p-1", 4, 0, "loyalty_points_changed", points=-50))
    assert title(shop) == "9, member"


def test_an_order_that_moves_takes_its_points_along(shop: OffersWithoutNameko) -> None:
    shop.follow_profiles(order("s-9", 1, 40, "o-1", 9_900))
    assert title(shop) == "0, member"
    data = {
        "order_id": "o-1", "from": "s-9", "to": "p-1", "state": {}, "fact_id": new_id(),
        "streams": [{"stream": "p-1", "version": 3}, {"stream": "s-9", "version": 2}],
    }  # fmt: skip
    copies = [
        Event(new_id(), "profiles", "order_moved", stream, version, data, NOW, NOW, 1,
              {"joint": True})
        for stream, version in (("p-1", 3), ("s-9", 2))
    ]  # fmt: skip
    shop.follow_profiles(*copies)
    assert title(shop) == "99, member"


def test_a_decision_by_the_ledger_is_explained_as_it_was(shop: OffersWithoutNameko) -> None:
    shop.follow_profiles(order("p-1", 3, 40, "o-1", 9_900), order("p-2", 2, 3, "o-2", 2_000))
    decision = shop.decide(**WHO)
    shop.follow_profiles(event("p-1", 4, 0, "order_cancelled", order_id="o-1"))
    explained = shop.explain(decision["decision_id"])
    assert explained["slots"] == decision["slots"]
    assert explained["shopper"]["points_pending"] == 20


def test_points_for_two_orders_of_one_id_are_taken_back_with_their_own(
    shop: OffersWithoutNameko,
) -> None:
    first = order("p-1", 3, 40, "o-1", 9_900)
    points = event("p-1", 4, 39, "loyalty_points_changed", order_id="o-1", points=50)
    second = replace(order("p-2", 2, 40, "o-1", 5_000), metadata={"order_apart": True})
    its_points = replace(
        event("p-1", 5, 39, "loyalty_points_changed", order_id="o-1", points=50),
        metadata={"order_apart": True, "order_home": "p-2"},
    )
    shop.follow_profiles(first, points, second, its_points)
    assert title(shop) == "100, gold"
    refund = event("p-2", 3, 1, "order_refunded", order_id="o-1", amount=2_500)
    shop.follow_profiles(replace(refund, metadata={"order_apart": True}))
    assert title(shop) == "75, member"
