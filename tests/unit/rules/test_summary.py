from __future__ import annotations

import json
from collections.abc import Sequence
from operator import itemgetter
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import rules.summary.summary as summary_module
from chassis import DAY, HOUR
from rules import Occasion, Summary, combine, profile_view
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


def answers(summary: Summary, now: int | None = None) -> Any:
    """All that can be asked of a summary at an instant."""
    at = NOW if now is None else now
    coming = [summary.next_points(at), summary.next_cart(at), summary.book(at).next_change]
    coming += [summary.next_trait(name, at) for name in ("city", "loyalty_tier", "vip")]
    coming += [summary.next_consent(name, at) for name in ("email", "sms")]
    cart = summary.cart_items(now), summary.cart_value("USD", now)
    return profile_view(summary, now), cart, summary.book(now), coming


def spread(events: Sequence[ShopperEvent], data: st.DataObject) -> list[list[ShopperEvent]]:
    """The events in three streams, each in the order of the whole."""
    streams: list[list[ShopperEvent]] = [[], [], []]
    for event in events:
        streams[data.draw(st.integers(0, 2))].append(event)
    return streams


@given(histories(), st.randoms(use_true_random=False))
def test_events_of_different_instants_in_any_order_give_the_same_answers(
    events: list[ShopperEvent], random: Random
) -> None:
    apart = [event._replace(at=event.at + 2 * n) for n, event in enumerate(events)]
    assume(len({event.at for event in apart}) == len(apart))
    shuffled = random.sample(apart, len(apart))
    for now in (None, NOW, NOW + DAY):
        assert answers(fold(shuffled), now) == answers(fold(apart), now)


@given(histories(), st.data())
def test_events_in_any_grouping_combine_to_what_one_stream_says(
    events: Sequence[ShopperEvent], data: st.DataObject
) -> None:
    parts = [fold(part) for part in spread(events, data)]
    whole = fold(events)
    for now in (None, NOW - 1, NOW, NOW + 2 * DAY):
        for combined in (
            combine(parts),
            combine([combine(parts[:2]), parts[2]]),
            combine([parts[0], combine(parts[1:])]),
            combine(reversed(parts)),
        ):
            assert answers(combined, now) == answers(whole, now)


@given(histories(), st.data())
def test_what_a_watermark_has_passed_is_forgotten_without_a_change_of_any_later_answer(
    events: Sequence[ShopperEvent], data: st.DataObject
) -> None:
    recorded = NOW - DAY
    dated = []
    for event in events:
        recorded += data.draw(st.sampled_from([0, 1, HOUR, 12 * HOUR]))
        dated.append(event._replace(recorded_at=recorded))
    parts = [fold(part) for part in spread(dated, data)]
    for now in (recorded, recorded + 1, recorded + HOUR, recorded + 2 * DAY):
        for combined in (combine(parts), combine([combine(parts[1:]), parts[0]]), fold(dated)):
            assert answers(combined, now) == answers(fold(events), now)


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
        together.add_fact("order_moved", {"order_id": "A", "from": "s"}, "s")
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
    assert (profile.cart_items(), profile.trait("city"), profile.points()) == (2, "Riga", 5)
    assert (profile.count("order_completed", NOW), profile.count("wish_made", NOW)) == (2, 0)
    assert Summary.load(profile.dump()) == profile


def test_an_empty_summary_dumps_to_nothing() -> None:
    assert Summary().dump() == {}
    assert combine([]) == Summary()


def test_the_newest_thousand_and_one_instants_are_kept_whatever_the_grouping() -> None:
    events = [ShopperEvent("product_viewed", {}, n, f"e{n}", n, 10_000) for n in range(1_500)]
    summary = fold(events)
    assert summary.count("product_viewed", now=10_000) == 1_500
    assert summary.count("product_viewed", now=10_000, after=0) == 1_001
    assert combine([fold(events[::2]), fold(events[1::2])]).state.types == summary.state.types
    assert fold(reversed(events)).state.types == summary.state.types


@given(
    st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 40), st.integers(0, 60)),
        max_size=40,
    ),
    st.integers(0, 80),
    st.integers(1, 40),
)
def test_counts_are_those_of_all_events_however_many_are_dated_ahead(
    events: list[tuple[int, int, int]], later: int, within: int
) -> None:
    """Each is (stream, when it was recorded, when it happened): some of it is still to come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(summary_module, "_NEWEST", 3)
        streams = [Summary(), Summary(), Summary()]
        for number, (stream, recorded_at, at) in enumerate(sorted(events, key=itemgetter(1))):
            occasion = Occasion(at, f"e{number}", recorded_at=recorded_at)
            streams[stream].add("product_viewed", {}, at, f"e{number}", occasion)
        summary = combine(streams)
        instants = sorted(at for _stream, _recorded_at, at in events)
        now = max((recorded_at for _stream, recorded_at, _at in events), default=0) + later
        passed = [at for at in instants if at <= now]
        inside = [at for at in passed if at > now - within]
        assert summary.count("product_viewed", now) == len(passed)
        assert min(summary.count("product_viewed", now, now - within), 3) == min(len(inside), 3)
        newest = [summary.last("product_viewed", now, rank) for rank in (1, 2, 3)]
        assert newest == (passed[::-1] + [None] * 3)[:3]
        coming = min((at for at in instants if at > now), default=None)
        assert summary.next("product_viewed", now) == coming
        assert summary.first("product_viewed", now) == (passed[0] if passed else None)


def test_what_is_dated_ahead_takes_no_place_of_what_has_happened() -> None:
    past = [ShopperEvent("product_viewed", {}, n, f"e{n}", n, 2_000) for n in range(1_200)]
    ahead = [ShopperEvent("product_viewed", {}, 3_000 + n, f"f{n}", n, 2_000) for n in range(900)]
    summary = fold([*past, *ahead])
    assert summary.count("product_viewed", now=2_000) == 1_200
    assert summary.count("product_viewed", now=2_000, after=0) == 1_001


def test_the_trait_of_the_latest_event_wins_and_at_one_instant_that_which_came_last() -> None:
    def change(city: str | None, at: int, event_id: str) -> ShopperEvent:
        return ShopperEvent("traits_changed", {"traits": {"city": city}}, at, event_id)

    assert fold([change("Kyiv", 2, "a"), change("Riga", 1, "z")]).trait("city") == "Kyiv"
    assert fold([change("Kyiv", 2, "b"), change("Riga", 2, "a")]).trait("city") == "Riga"


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
    summary = fold([order(), refund(at=NOW + 1)])
    assert (nets(summary, NOW), nets(summary, NOW + 1), nets(summary)) == ([5_000], [], [])


def test_two_refunds_of_an_order_add_up_and_never_below_zero() -> None:
    two = [refund(event_id=name, amount=2_000, currency="USD") for name in ("r1", "r2")]
    assert nets(fold([order(), *two])) == [1_000]
    assert nets(fold([order(revenue=3_000), *two])) == []
    assert nets(fold([order(revenue=4_001), *two])) == [1]


def test_money_given_back_for_a_free_order_refunds_all_of_it() -> None:
    free = order(revenue=0)
    assert nets(fold([free])) == [0]
    assert nets(fold([free, refund(amount=1, currency="USD")])) == []
    assert nets(fold([free, refund(amount=0, currency="USD")])) == [0]


def test_an_amount_given_back_for_an_order_of_unknown_revenue_leaves_it_standing() -> None:
    unknown = ShopperEvent("order_completed", {"order_id": "A"}, NOW, "e1")
    assert nets(fold([unknown, refund(amount=1, currency="USD")])) == [0]
    assert nets(fold([unknown, refund()])) == []


def test_a_refund_in_another_currency_than_its_order_is_not_mixed_in() -> None:
    assert nets(fold([order(), refund(amount=2_000, currency="EUR")])) == [5_000]


def test_a_refund_of_an_unknown_order_counts_against_none() -> None:
    assert nets(fold([order(), refund(order_id="B", amount=2_000, currency="USD")])) == [5_000]


def test_an_order_told_twice_is_one_order_of_the_first_date_as_it_was_told_last() -> None:
    summary = fold([order(revenue=7_000, at=2, event_id="e2"), order(at=1, event_id="e1")])
    assert nets(summary) == [7_000]
    assert [entry.at for entry in summary.book(None).orders] == [1]
    assert summary.count("order_completed", NOW) == 2


def test_an_order_is_dated_by_when_it_was_placed_where_that_was_told() -> None:
    placed = "1970-01-02T00:00:00Z"
    summary = fold([order(at=3 * DAY), order(at=2 * DAY, event_id="e2", placed_at=placed)])
    assert [entry.at for entry in summary.book(NOW).orders] == [DAY]


def test_the_greater_revision_wins_whenever_it_was_told() -> None:
    second = order(revenue=7_000, at=1, event_id="e2", revision=2)
    first = order(revenue=5_000, at=9, event_id="e1", revision=1)
    assert nets(fold([second, first])) == nets(fold([first, second])) == [7_000]


def test_an_update_changes_what_it_names_and_makes_no_order() -> None:
    lines = [{"sku": "a", "category": "running", "quantity": 2}]
    update = ShopperEvent("order_updated", {"order_id": "A", "products": lines}, NOW + 1, "u1")
    (entry,) = fold([update, order()]).book(None).orders
    assert (entry.net, entry.items, entry.categories) == (5_000, 2, {"running": 2})
    assert nets(fold([update])) == []


def cancel(at: int, event_id: str = "x1", **data: Any) -> ShopperEvent:
    return ShopperEvent("order_cancelled", {"order_id": "A", **data}, at, event_id)


def test_a_completion_told_later_makes_a_cancelled_order_stand_again() -> None:
    events = [order(at=1), cancel(2), order(at=3, event_id="e2")]
    for order_of_arrival in (events, events[::-1]):
        summary = fold(order_of_arrival)
        assert [nets(summary, now) for now in (1, 2, 3)] == [[5_000], [], [5_000]]
        assert [entry.at for entry in summary.book(3).orders] == [1]


def test_neither_the_first_completion_told_again_nor_an_update_revives_a_cancelled_order() -> None:
    update = ShopperEvent(
        "order_updated", {"order_id": "A", "revenue": 9, "currency": "USD"}, 3, "u"
    )
    assert nets(fold([order(at=1), cancel(2), order(at=1, event_id="e2"), update])) == []


def test_of_what_is_told_of_an_order_with_revisions_the_greatest_says_whether_it_stands() -> None:
    late = order(at=9, event_id="e2", revision=1)
    assert nets(fold([order(at=1, revision=1), cancel(2, revision=2), late])) == []
    assert nets(fold([order(at=1, revision=5), cancel(2)])) == []
    revived = order(at=1, event_id="e3", revision=3)
    assert nets(fold([order(at=1, revision=1), cancel(2, revision=2), revived])) == [5_000]


def by_browser(event: ShopperEvent) -> tuple[Any, ...]:
    occasion = Occasion(event.at, event.id, by_browser=True)
    return event.type, event.data, event.at, event.id, occasion


def test_what_a_browser_tells_of_an_order_gives_way_to_what_the_shop_tells() -> None:
    summary = Summary()
    summary.add(*by_browser(order(revenue=9, at=1)))
    assert nets(summary) == [9]
    summary.add(*order(at=5, event_id="e2")[:4])
    summary.add(*by_browser(order(revenue=8, at=7, event_id="e3")))
    summary.add(*by_browser(refund(at=8)))
    summary.add(*by_browser(cancel(9)))
    assert [(entry.at, entry.net) for entry in summary.book(None).orders] == [(5, 5_000)]


@pytest.mark.parametrize("placed_at", ["1999-01-01T00:00:00Z", "2030-01-01T00:00:00Z"])
@pytest.mark.parametrize("is_first", [True, False])
def test_no_browser_says_when_an_order_of_the_shop_was_placed(
    placed_at: str, is_first: bool
) -> None:
    shops = order(at=NOW - 5)[:4]
    browsers = by_browser(order(at=NOW - 6, event_id="e2", placed_at=placed_at))
    in_order = [browsers, shops] if is_first else [shops, browsers]
    one, other, together = Summary(), Summary(), Summary()
    for summary, event in zip((one, other), in_order, strict=True):
        summary.add(*event)
        together.add(*event)
    for summary in (together, combine([one, other])):
        for now in (None, NOW):
            assert [each.at for each in summary.book(now).orders] == [NOW - 5]
        assert [account.at for account in summary.orders()] == [NOW - 5]


def test_no_browser_revives_an_order() -> None:
    summary = fold([order(at=1), cancel(2)])
    summary.add(*by_browser(order(at=3, event_id="e2")))
    assert nets(summary) == []


def test_an_order_told_elsewhere_is_none_of_this_stream() -> None:
    summary = Summary()
    summary.add(*order()[:4], Occasion(NOW, "e1", is_foreign=True))
    assert nets(summary) == []
    assert summary.count("order_completed", NOW) == 1


def test_the_stores_of_a_shop_have_orders_of_their_own() -> None:
    summary = fold([order(store="de"), order(store="fr", event_id="e2"), refund(store="de")])
    assert nets(summary) == [5_000]


def test_an_order_that_moves_takes_all_that_was_told_of_it_along() -> None:
    old, new = fold([refund(amount=2_000, currency="USD"), order("B", event_id="e3")]), Summary()
    state = old.state.orders["A"]
    moved = {"order_id": "A", "from": "s", "to": "t", "state": state}
    old.add_fact("order_moved", moved, "s")
    new.add_fact("order_moved", moved, "t")
    new.add(*order()[:4])
    assert (nets(old), nets(new)) == ([5_000], [3_000])


@pytest.mark.parametrize(
    ("data", "left"),
    [
        ({"amount": 2_000, "total": 1, "currency": "USD"}, [3_000]),
        ({"total": 2_000, "currency": "USD"}, [3_000]),
        ({"products": [{"price": 1_000, "quantity": 1.5}, {"price": 500}]}, [3_000]),
        ({"products": [{"price": 1_000, "currency": "EUR"}]}, [5_000]),
        ({"products": [{"price": 1_000}, {"sku": "x"}]}, []),
        ({"products": []}, []),
        ({"sum": 5}, []),
    ],
)
def test_a_refund_is_of_its_amount_its_total_its_products_or_the_whole_order(
    data: dict[str, Any], left: list[int]
) -> None:
    assert nets(fold([order(), refund(**data)])) == left


def test_a_refund_that_names_itself_counts_once() -> None:
    two = [refund(event_id=e, amount=2_000, currency="USD", refund_id="r") for e in ("r1", "r2")]
    assert nets(fold([order(), *two])) == [3_000]
    assert nets(combine([fold([order(), two[0]]), fold([two[1]])])) == [3_000]


def test_a_cancelled_order_stands_no_longer_even_when_the_cancellation_came_first() -> None:
    cancelled = ShopperEvent("order_cancelled", {"order_id": "A"}, NOW + 1, "c1")
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
    assert (summary.cart_items(), summary.cart_value("USD")) == (3, 900)
    assert summary.cart_value("EUR") is None
    assert fold([cart(2, [])]).cart_items() == 0


def test_points_add_up_over_events_of_both_signs() -> None:
    changes = [
        ShopperEvent("loyalty_points_changed", {"points": points}, n, f"e{n}")
        for n, points in enumerate([100, -30, 5])
    ]
    assert fold(changes).points() == 75


@pytest.mark.parametrize("name", [{"reference": "refund 1"}, {"order_id": "A"}])
def test_points_that_name_their_order_or_a_reference_count_once(name: dict[str, str]) -> None:
    earned = ShopperEvent("loyalty_points_changed", {"points": 1_000, "order_id": "A"}, 1, "e")
    taken = [
        ShopperEvent("loyalty_points_changed", {"points": -1_000, **name}, at, f"e{at}")
        for at in (2, 3)
    ]
    assert fold([earned, *taken]).points() == 0
    assert combine([fold([earned, taken[0]]), fold([taken[1]])]).points() == 0


def test_what_nothing_proves_is_a_guests_and_changes_nothing_of_an_account() -> None:
    unproven = [
        ("loyalty_points_changed", {"points": 50}),
        ("loyalty_points_changed", {"points": 50, "reference": "r"}),
        ("loyalty_enrolled", {"tier": "gold"}),
        ("traits_changed", {"traits": {"loyalty_tier": "gold", "city": "Riga"}}),
        ("consent_changed", {"purposes": {"email": True, "sms": False}}),
    ]
    guest = Summary()
    for place, (kind, data) in enumerate(unproven):
        guest.add(kind, data, place, str(place), Occasion(place, str(place), is_unproven=True))
    assert (guest.points(), guest.trait("loyalty_tier")) == (100, "gold")
    assert guest.consents() == {"email": True, "sms": False}
    account = Summary()
    proof = {"stream": "s", "identifiers": [{"assurance": "verified"}]}
    account.add_fact("identity_changed", {"streams": [proof]}, "s")
    signed_in = combine([guest, account])
    assert (signed_in.points(), signed_in.traits()) == (0, {"city": "Riga"})
    assert signed_in.consents() == {"sms": False}
    assert signed_in.next_points(0) is None


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


@pytest.mark.parametrize("answers_in_order", [(True, False), (False, True)])
def test_at_one_instant_a_refusal_wins(answers_in_order: tuple[bool, bool]) -> None:
    events = [
        ShopperEvent("consent_changed", {"purpose": "email", "granted": granted}, 1, str(n), n)
        for n, granted in enumerate(answers_in_order)
    ]
    assert fold(events).consent("email") is False
    assert combine(fold([each]) for each in events).consent("email") is False


def test_whatever_is_dated_later_than_now_does_not_count_yet() -> None:
    events = [
        ("traits_changed", {"traits": {"city": "Riga"}}),
        ("consent_changed", {"purpose": "email", "granted": True}),
        ("loyalty_points_changed", {"points": 5}),
        ("loyalty_points_changed", {"points": 7, "reference": "r"}),
        ("cart_updated", {"products": [{"quantity": 2}], "value": 9, "currency": "USD"}),
    ]
    summary = fold(
        ShopperEvent(kind, data, NOW + 5, str(n), n, NOW) for n, (kind, data) in enumerate(events)
    )

    def read(now: int) -> tuple[Any, ...]:
        cart = summary.cart_items(now), summary.cart_value("USD", now)
        return summary.traits(now), summary.consents(now), summary.points(now), *cart

    assert read(NOW) == read(NOW + 4) == ({}, {}, 0, None, None)
    assert read(NOW + 5) == ({"city": "Riga"}, {"email": True}, 12, 2, 9)
    assert {
        summary.next_trait("city", NOW),
        summary.next_consent("email", NOW),
        summary.next_points(NOW),
        summary.next_cart(NOW),
    } == {NOW + 5}


def test_a_sender_whose_clock_is_ahead_does_not_make_a_summary_grow() -> None:
    carts = [
        ShopperEvent("cart_updated", {"products": [{"quantity": n}]}, NOW + n, str(n), n, NOW)
        for n in range(1, 300)
    ]
    summary = fold(carts)
    assert len(summary.state.cart) <= 101
    assert summary.cart_items(NOW + 299) == 299


def test_quantities_may_be_decimals_and_a_line_of_none_was_removed() -> None:
    lines = [
        {"category": "cheese", "quantity": 0.1},
        {"category": "cheese", "quantity": 0.2},
        {"category": "wine", "quantity": 0},
        {"quantity": 2},
    ]
    (entry,) = fold([order(products=lines)]).book(None).orders
    assert (entry.items, entry.categories) == (2.3, {"cheese": 0.3})
    cart = fold([ShopperEvent("cart_updated", {"products": lines[:2]}, 1, "c")])
    assert cart.cart_items() == 0.3


def test_a_summary_of_the_first_form_is_read() -> None:
    first = {
        "types": {"order_completed": [1, 5, [5]]},
        "traits": {"city": [4, "t", "Riga"]},
        "consent": {"email": [4, "c", False]},
        "orders": {"A": [5, "e", 900, "USD", 2, {"music": 2}], "B": [6, "f", 5, "USD", 0, {}]},
        "refunds": {"A": {"r": [7, 100, "USD"]}},
        "cancelled": {"B": 8},
        "cart": [3, "k", 40, "USD", 1],
        "points": -3,
    }
    summary = Summary.load(first)
    assert Summary.load(summary.dump()) == summary
    assert [(entry.at, entry.net, entry.items) for entry in summary.book(9).orders] == [(5, 800, 2)]
    assert (summary.traits(9), summary.consents(9)) == ({"city": "Riga"}, {"email": False})
    assert (summary.cart_items(9), summary.points(9)) == (1, -3)


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


def test_a_refusal_by_an_address_counts_by_its_time_and_is_no_event_of_the_shopper() -> None:
    def refused(at: int, purpose: Any = "email") -> Summary:
        summary = Summary()
        data = {"purpose": purpose, "address": "email:1", "event_id": "e1"}
        summary.add_fact("consent_refused", data, "s", Occasion(at, "copy"))
        return summary

    def granted(at: int) -> Summary:
        summary = Summary()
        data = {"purpose": "email", "granted": True}
        summary.add("consent_changed", data, at, "e2", Occasion(at, "e2"))
        return summary

    assert combine([granted(2), refused(1)]).consents() == {"email": True}
    assert combine([granted(1), refused(2)]).consents() == {"email": False}
    assert combine([granted(1), refused(1)]).consents() == {"email": False}
    assert refused(1).events() == 0
    assert refused(1, None).consents() == {}


@pytest.mark.parametrize("placed_at", ["whenever", 5.5, None])
def test_a_date_that_is_none_dates_no_order(placed_at: Any) -> None:
    (entry,) = fold([order(at=7, placed_at=placed_at)]).book(None).orders
    assert entry.at == 7


def test_an_order_that_is_on_its_way_is_the_same_order() -> None:
    fulfilled = ShopperEvent("order_fulfilled", {"order_id": "A"}, NOW + 1, "f1")
    assert nets(fold([order(), fulfilled])) == [5_000]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("order_moved", {"from": "s", "to": "t"}),
        ("order_moved", {"order_id": "A", "from": "t", "to": "u"}),
        ("consent_refused", {}),
        ("order_completed", {"order_id": "A"}),
    ],
)
def test_a_fact_of_others_and_what_is_no_fact_change_nothing(kind: str, data: Any) -> None:
    summary = fold([order()])
    before = summary.dump()
    summary.add_fact(kind, data, "s")
    assert summary.dump() == before


def test_points_dated_ahead_are_added_once_their_time_has_passed() -> None:
    def points(number: int, at: int, recorded_at: int) -> ShopperEvent:
        data = {"points": number}
        return ShopperEvent("loyalty_points_changed", data, at, str(number), at, recorded_at)

    summary = fold([points(5, NOW + 5, NOW), points(2, NOW, NOW + 9)])
    assert summary.state.stated.points_ahead == []
    assert (summary.points(NOW + 9), summary.next_points(NOW + 9)) == (7, None)


def test_an_empty_summary_of_the_first_form_is_read() -> None:
    assert Summary.load({"types": {"page_read": [1, 5, [5]]}}).last_seen() == 5
