from __future__ import annotations

import json
from collections.abc import Sequence
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY
from rules import Summary, combine
from tests.unit.rules.shoppers import NOW, ShopperEvent, fold, histories


def order(
    order_id: str = "A", revenue: int = 5_000, at: int = NOW, event_id: str = "e1", **more: Any
) -> ShopperEvent:
    data = {"order_id": order_id, "revenue": revenue, "currency": "USD", **more}
    return ShopperEvent("order_completed", data, at, event_id)


def refund(at: int = NOW, event_id: str = "r1", order_id: str = "A", **data: Any) -> ShopperEvent:
    return ShopperEvent("order_refunded", {"order_id": order_id, **data}, at, event_id)


def nets(summary: Summary, now: int | None = None) -> list[int]:
    return [entry.net for entry in summary.book(now).orders]


@given(histories(), st.randoms(use_true_random=False))
def test_events_in_any_order_give_the_same_summary(
    events: list[ShopperEvent], random: Random
) -> None:
    shuffled = random.sample(events, len(events))
    assert fold(shuffled) == fold(events)


@given(histories(), st.data())
def test_events_in_any_grouping_combine_to_the_summary_of_one_stream(
    events: Sequence[ShopperEvent], data: st.DataObject
) -> None:
    streams: dict[int, list[ShopperEvent]] = {0: [], 1: [], 2: []}
    for event in events:
        streams[data.draw(st.integers(0, 2))].append(event)
    parts = [fold(part) for part in streams.values()]
    assert combine(parts) == fold(events)
    assert combine([combine(parts[:2]), parts[2]]) == fold(events)
    assert combine(reversed(parts)) == fold(events)


@given(histories())
def test_a_summary_survives_its_way_through_json(events: Sequence[ShopperEvent]) -> None:
    summary = fold(events)
    assert Summary.load(json.loads(json.dumps(summary.dump()))) == summary


@given(histories(), histories())
def test_a_combination_shares_nothing_that_later_events_change(
    first: list[ShopperEvent], second: list[ShopperEvent]
) -> None:
    part = fold(first)
    before = json.dumps(part.dump())
    together = combine([part])
    for event in second:
        together.add(event.type, event.data, event.at, event.id + "x")
    assert json.dumps(part.dump()) == before


def test_the_streams_of_a_profile_combine_what_each_of_them_knows() -> None:
    guest = [
        order(),
        ShopperEvent("cart_updated", {"products": []}, 1, "c1"),
        ShopperEvent("traits_changed", {"traits": {"city": "Riga"}}, 1, "t1"),
    ]
    account = [
        refund(amount=2_000, currency="USD"),
        order("B", event_id="e2"),
        ShopperEvent("order_cancelled", {"order_id": "B"}, NOW, "x1"),
        ShopperEvent("cart_updated", {"products": [{"quantity": 2}]}, 2, "c2"),
        ShopperEvent("loyalty_points_changed", {"points": 5}, 1, "p1"),
    ]
    profile = combine([fold(guest), fold(account)])
    assert nets(profile) == [3_000]
    assert (profile.cart_items, profile.trait("city"), profile.points) == (2, "Riga", 5)
    assert (profile.count("order_completed", NOW), profile.count("wish_made", NOW)) == (2, 0)
    assert Summary.load(profile.dump()) == profile


def test_an_empty_summary_dumps_to_nothing() -> None:
    assert Summary().dump() == {}
    assert combine([]) == Summary()


def test_the_newest_thousand_and_one_instants_are_kept_whatever_the_grouping() -> None:
    events = [ShopperEvent("product_viewed", {}, n, f"e{n}") for n in range(1_500)]
    summary = fold(events)
    assert summary.count("product_viewed", now=10_000) == 1_500
    assert summary.count("product_viewed", now=10_000, after=0) == 1_001
    assert combine([fold(events[::2]), fold(events[1::2])]) == summary
    assert fold(reversed(events)) == summary


def test_the_trait_told_last_wins_and_ties_go_to_the_greater_event_id() -> None:
    def change(city: str | None, at: int, event_id: str) -> ShopperEvent:
        return ShopperEvent("traits_changed", {"traits": {"city": city}}, at, event_id)

    assert fold([change("Kyiv", 2, "a"), change("Riga", 1, "z")]).trait("city") == "Kyiv"
    assert fold([change("Kyiv", 2, "a"), change("Riga", 2, "b")]).trait("city") == "Riga"


def test_a_trait_told_as_null_is_gone_and_stays_gone_against_older_news() -> None:
    gone = ShopperEvent("traits_changed", {"traits": {"city": None}}, 2, "b")
    older = ShopperEvent("traits_changed", {"traits": {"city": "Riga"}}, 1, "a")
    assert fold([gone, older]).traits() == {}


def test_a_late_refund_counts_against_its_own_order() -> None:
    events = [order(at=NOW - 9 * DAY), refund(amount=2_000, currency="USD")]
    assert nets(fold(events)) == [3_000]
    assert fold(events).book(NOW).orders[0].at == NOW - 9 * DAY


def test_a_refund_may_come_before_its_order() -> None:
    assert nets(fold([refund(amount=2_000, currency="USD"), order()])) == [3_000]


def test_a_refund_without_an_amount_is_of_the_whole_order() -> None:
    assert nets(fold([order(), refund()])) == [0]


def test_two_refunds_of_an_order_add_up_and_never_below_zero() -> None:
    two = [refund(event_id=name, amount=2_000, currency="USD") for name in ("r1", "r2")]
    assert nets(fold([order(), *two])) == [1_000]
    assert nets(fold([order(revenue=3_000), *two])) == [0]


def test_a_refund_in_another_currency_than_its_order_is_not_mixed_in() -> None:
    assert nets(fold([order(), refund(amount=2_000, currency="EUR")])) == [5_000]


def test_a_refund_of_an_unknown_order_counts_against_none() -> None:
    assert nets(fold([order(), refund(order_id="B", amount=2_000, currency="USD")])) == [5_000]


def test_an_order_told_twice_is_one_order_as_told_last() -> None:
    summary = fold([order(revenue=7_000, at=2, event_id="e2"), order(at=1, event_id="e1")])
    assert nets(summary) == [7_000]
    assert summary.count("order_completed", NOW) == 2


def test_a_cancelled_order_stands_no_longer_even_when_the_cancellation_came_first() -> None:
    cancelled = ShopperEvent("order_cancelled", {"order_id": "A"}, NOW, "c1")
    assert nets(fold([cancelled, order(), order("B", event_id="e2")])) == [5_000]


def test_an_order_stands_until_the_instant_of_its_cancellation() -> None:
    summary = fold([order(), ShopperEvent("order_cancelled", {"order_id": "A"}, NOW + 5, "c1")])
    assert nets(summary, NOW) == [5_000]
    assert summary.book(NOW).next_change == NOW + 5
    assert nets(summary, NOW + 5) == []


@pytest.mark.parametrize("event_type", ["order_refunded", "order_cancelled"])
def test_a_refund_or_cancellation_of_no_order_changes_none(event_type: str) -> None:
    assert nets(fold([order(), ShopperEvent(event_type, {}, NOW, "x")])) == [5_000]


def test_what_is_dated_later_than_now_does_not_count_yet() -> None:
    summary = fold(
        [
            order(at=NOW + 1),
            order("B", at=NOW, event_id="e2"),
            refund(order_id="B", at=NOW + 2, amount=2_000, currency="USD"),
        ]
    )
    assert nets(summary, NOW) == [5_000]
    assert summary.count("order_completed", NOW) == 1
    assert summary.book(NOW).next_change == NOW + 1
    assert nets(summary, NOW + 2) == [3_000, 5_000]


def test_an_order_counts_the_articles_of_each_category() -> None:
    lines = [{"category": "running", "quantity": 2}, {"category": "running"}, {"quantity": 4}]
    (entry,) = fold([order(products=lines)]).book(None).orders
    assert (entry.items, entry.categories) == (7, {"running": 3})


def test_the_cart_is_the_one_told_last_and_an_empty_one_has_no_articles() -> None:
    def cart(at: int, products: list[Any], **more: Any) -> ShopperEvent:
        return ShopperEvent("cart_updated", {"products": products, **more}, at, f"c{at}")

    summary = fold([cart(2, [{"quantity": 3}], value=900, currency="USD"), cart(1, [])])
    assert (summary.cart_items, summary.cart_value("USD")) == (3, 900)
    assert summary.cart_value("EUR") is None
    assert fold([cart(2, [])]).cart_items == 0


def test_points_add_up_over_events_of_both_signs() -> None:
    changes = [
        ShopperEvent("loyalty_points_changed", {"points": points}, n, f"e{n}")
        for n, points in enumerate([100, -30, 5])
    ]
    assert fold(changes).points == 75


def test_enrolment_and_tier_are_traits() -> None:
    summary = fold(
        [
            ShopperEvent("loyalty_enrolled", {"tier": "silver"}, 1, "a"),
            ShopperEvent("loyalty_tier_changed", {"tier": "gold"}, 2, "b"),
            ShopperEvent("loyalty_enrolled", {}, 3, "c"),
        ]
    )
    assert summary.traits() == {"loyalty_enrolled": True, "loyalty_tier": "gold"}


def test_consent_is_as_told_last_for_each_purpose() -> None:
    summary = fold(
        [
            ShopperEvent("consent_changed", {"purposes": {"email": True, "sms": True}}, 1, "a"),
            ShopperEvent("consent_changed", {"purpose": "email", "granted": False}, 2, "b"),
        ]
    )
    assert summary.consents() == {"email": False, "sms": True}
    assert (summary.consent("email"), summary.consent("phone")) == (False, None)


def test_a_consent_that_is_neither_granted_nor_refused_is_ignored() -> None:
    odd = ShopperEvent("consent_changed", {"purpose": "email", "granted": "maybe"}, 1, "a")
    assert fold([odd]).consents() == {}


def test_identity_facts_are_no_events_of_the_shopper() -> None:
    assert fold([ShopperEvent("identity_changed", {}, 1, "a")]) == Summary()


@pytest.mark.parametrize("data", [None, [], "text", 5, {}, {"order_id": 7, "revenue": "much"}])
def test_an_order_with_odd_data_is_still_an_event_and_an_order(data: Any) -> None:
    summary = fold([ShopperEvent("order_completed", data, 1, "a")])
    assert summary.count("order_completed", NOW) == 1


def test_a_summary_never_shows_a_trait_in_its_repr() -> None:
    summary = fold([ShopperEvent("traits_changed", {"traits": {"city": "Riga"}}, 1, "a")])
    assert repr(summary) == "<Summary of 1 events>"
