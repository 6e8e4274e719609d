"""The ledger of loyalty points: what events make of it, in whatever order they come."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY
from rules.summary.occasion import Occasion
from services.offers.domain.ledger import (
    Balance,
    LedgerEntry,
    balance,
    entry_of,
    points_of_orders,
)
from services.offers.domain.loyalty import Earning, LedgerTerms, Programme

PROGRAMME = Programme(
    (), {"USD": Earning(1, 100), "EUR": Earning(2, 150)}, LedgerTerms(30 * DAY, 365 * DAY)
)


def entry(event_type: str, day: int, event_id: str = "", **data: Any) -> LedgerEntry:
    found = entry_of(event_type, data, Occasion(day * DAY, event_id or f"{event_type}-{day}"))
    assert found is not None
    return found


def order(day: int, revenue: int, order_id: str = "o-1", **data: Any) -> LedgerEntry:
    data = {"order_id": order_id, "revenue": revenue, "currency": "USD", **data}
    return entry("order_completed", day, **data)


def refund(day: int, amount: int | None, order_id: str = "o-1", **data: Any) -> LedgerEntry:
    money = {} if amount is None else {"amount": amount}
    return entry("order_refunded", day, **{"order_id": order_id, **money, **data})


def points(day: int, number: int, event_id: str = "", **data: Any) -> LedgerEntry:
    return entry("loyalty_points_changed", day, event_id, points=number, **data)


def on(day: int, *entries: LedgerEntry, programme: Programme = PROGRAMME) -> Balance:
    return balance(entries, programme, day * DAY)


def test_points_of_an_order_are_pending_until_its_return_window_ends_and_expire() -> None:
    bought = order(0, 4_850)
    assert (on(29, bought).available, on(29, bought).pending) == (0, 48)
    ready = on(30, bought)
    assert (ready.available, ready.pending, ready.expiring) == (48, 0, 48)
    assert ready.expires_at == 395 * DAY
    assert on(394, bought).available == 48
    assert on(395, bought) == replace(on(395, bought), available=0, expiring=0, expires_at=None)


def test_every_credit_names_its_order() -> None:
    found = on(40, order(0, 1_000), order(1, 2_000, "o-2", store="b"), points(2, 5))
    assert [(each.order, each.points) for each in found.credits] == [
        (None, 5), ("o-1", 10), ("b\x1fo-2", 20),
    ]  # fmt: skip


def test_a_refund_takes_back_the_points_of_what_was_refunded() -> None:
    bought = order(0, 4_850)
    assert on(10, bought, refund(5, 850)).pending == 40
    assert on(40, bought, refund(35, 1_000)).available == 38
    assert on(40, bought, refund(5, None)) == Balance()
    assert on(40, bought, entry("order_cancelled", 2, order_id="o-1")) == Balance()
    assert (
        on(40, bought, refund(5, 900, refund_id="r"), refund(6, 900, refund_id="r")).available == 39
    )
    assert on(40, bought, refund(5, 850, currency="EUR")).available == 48


def test_points_that_were_spent_and_then_taken_back_are_a_debt_that_later_points_pay() -> None:
    spent = [order(0, 5_000), points(40, -50), refund(41, None)]
    assert on(41, *spent).available == -50
    assert on(80, *spent, order(42, 8_000, "o-2")).available == 30


def test_a_cancelled_order_that_is_completed_again_earns_again() -> None:
    parts = [order(0, 1_000), entry("order_cancelled", 1, order_id="o-1"), order(2, 1_000)]
    assert on(40, *parts).available == 10
    assert on(40, *parts[:2]).available == 0


def test_an_update_changes_what_an_order_earns_and_not_when() -> None:
    later = entry("order_updated", 5, order_id="o-1", revenue=9_000, currency="USD")
    assert on(30, order(0, 1_000), later).available == 90
    assert on(30, later) == Balance()


def test_an_order_is_dated_when_it_was_placed() -> None:
    late = order(20, 1_000, placed_at="1970-01-02T00:00:00Z")
    assert on(31, late).available == 10
    assert on(30, late).pending == 10


def test_points_that_the_shop_tells_for_an_order_are_what_it_earns() -> None:
    bought = order(0, 5_000)
    double = points(1, 100, order_id="o-1")
    assert on(40, bought, double).available == 100
    assert on(40, bought, double, refund(2, 2_500)).available == 50
    assert on(40, bought, double, refund(2, None)).available == 0
    assert on(40, double).available == 100
    assert on(40, double, entry("order_cancelled", 3, order_id="o-1")).available == 0


def test_points_are_spent_from_those_that_expire_first() -> None:
    early, late = points(0, 30), points(100, 50)
    after = on(200, early, late, points(150, -40))
    assert (after.available, after.expiring, after.expires_at) == (40, 40, 465 * DAY)
    assert on(400, early, late, points(150, -40)).available == 40
    assert on(400, early, late).available == 50


def test_points_without_an_order_are_there_at_once_and_count_once_by_their_reference() -> None:
    gift = points(0, 25, reference="birthday")
    again = points(1, 30, reference="birthday", order_id="o-9")
    assert on(0, gift).available == 25
    assert on(31, gift, again).available == 30
    assert on(0, points(0, 5, "a"), points(0, 5, "b")).available == 10


def test_without_expiry_points_stay() -> None:
    forever = replace(PROGRAMME, ledger=LedgerTerms(30 * DAY))
    found = on(9_999, order(0, 1_000), programme=forever)
    assert (found.available, found.expires_at, found.expiring) == (10, None, 0)


@pytest.mark.parametrize(
    ("event_type", "data", "occasion"),
    [
        ("order_completed", {"order_id": "o", "revenue": 1}, {"by_browser": True}),
        ("order_completed", {"order_id": "o", "revenue": 1}, {"is_foreign": True}),
        ("order_completed", {"revenue": 1}, {}),
        ("order_fulfilled", {"order_id": "o"}, {}),
        ("loyalty_points_changed", {"points": 5}, {"is_unproven": True}),
        ("loyalty_points_changed", {"points": "5"}, {}),
        ("cart_updated", {}, {}),
    ],
)
def test_what_nobody_vouches_for_makes_no_entry(
    event_type: str, data: dict[str, Any], occasion: dict[str, Any]
) -> None:
    assert entry_of(event_type, data, Occasion(0, "e", **occasion)) is None


orders = st.sampled_from(["o-1", "o-2"])
days = st.integers(0, 500)
entries = st.one_of(
    st.builds(order, days, st.integers(0, 9_999), orders),
    st.builds(refund, days, st.none() | st.integers(0, 5_000), orders),
    st.builds(lambda day, key: entry("order_cancelled", day, order_id=key), days, orders),
    st.builds(
        lambda day, key, value: entry(
            "order_updated", day, order_id=key, revenue=value, currency="EUR"
        ),
        days, orders, st.integers(0, 9_999),
    ),
    st.builds(points, days, st.integers(-60, 60)),
    st.builds(lambda day, number, key: points(day, number, order_id=key), days,
              st.integers(-60, 60), orders),
    st.builds(lambda day, number: points(day, number, reference="r"), days, st.integers(-60, 60)),
)  # fmt: skip
histories = st.lists(entries, max_size=12)


@given(histories, st.randoms(use_true_random=False), days)
def test_the_order_in_which_events_come_and_how_often_does_not_matter(
    history: list[LedgerEntry], random: Any, day: int
) -> None:
    other = [*history, *history[: len(history) // 2]]
    random.shuffle(other)
    assert on(day, *other) == on(day, *history)


@given(histories, orders, days)
def test_an_order_that_is_given_back_whole_is_as_if_it_had_earned_nothing(
    history: list[LedgerEntry], key: str, day: int
) -> None:
    returned = on(600, *history, refund(day, None, key, refund_id="all"))
    assert key not in {each.order for each in returned.credits}


@given(histories, days)
def test_nothing_is_available_that_was_not_earned(history: list[LedgerEntry], day: int) -> None:
    found = on(day, *history)
    assert found.available + found.pending <= sum(each.points for each in found.credits)
    assert 0 <= found.expiring <= max(found.available, 0)
    assert all(each.points > 0 for each in found.credits)


@given(histories, days)
def test_each_point_is_pending_then_available_then_spent_or_expired(
    history: list[LedgerEntry], day: int
) -> None:
    """An oracle that moves single points, one after the other."""
    found, now = on(day, *history), day * DAY
    last = {
        (each.entry_id): each
        for each in sorted(history, key=lambda each: each.rank)
        if each.kind.value == "points" and each.at <= now
    }
    moves = [(each.available_at, 0, each) for each in found.credits if each.available_at <= now]
    spent = [(each.at, 1, -each.amount) for each in last.values() if (each.amount or 0) < 0]  # type: ignore[operator]
    purse: list[float] = []
    debt = 0
    for at, _, what in sorted([*moves, *spent], key=lambda move: move[:2]):
        purse = sorted(expiry for expiry in purse if expiry > at)
        number = what if isinstance(what, int) else what.points
        for _ in range(number):
            if isinstance(what, int):
                debt += not purse
                purse = purse[1:]
            elif debt:
                debt -= 1
            else:
                assert what.expires_at is not None
                purse.append(what.expires_at)
    assert found.available == len([expiry for expiry in purse if expiry > now]) - debt


def apart(event_type: str, day: int, home: str, **data: Any) -> LedgerEntry:
    """What is said of an order that is kept apart, at home in a stream."""
    data = {"order_id": "o-1", **data}
    found = entry_of(event_type, data, Occasion(day * DAY, f"{home}-{day}", apart=home))
    assert found is not None
    return found


def on_streams(day: int, *entries: tuple[str, LedgerEntry]) -> Balance:
    return balance(points_of_orders(entries), PROGRAMME, day * DAY)


@pytest.mark.parametrize(
    "second",
    [
        ("s-2", points(1, 80, "e-2", order_id="o-1")),  # as an earlier release has recorded them
        ("s-2", apart("loyalty_points_changed", 1, "s-2", points=80)),
        ("s-3", apart("loyalty_points_changed", 1, "s-2", points=80)),
    ],
)
def test_points_for_two_orders_of_one_id_are_for_each_of_them(
    second: tuple[str, LedgerEntry],
) -> None:
    events = [
        ("s-1", order(0, 10_000)),
        ("s-1", points(1, 80, order_id="o-1")),
        ("s-2", apart("order_completed", 0, "s-2", revenue=20_000, currency="USD")),
        second,
    ]
    assert on_streams(40, *events).available == 160
    back = ("s-2", apart("order_refunded", 2, "s-2", amount=10_000))
    assert on_streams(40, *events, back).available == 80 + 40
    first_back = ("s-1", refund(2, None))
    assert on_streams(40, *events, back, first_back).available == 40


def test_points_for_an_order_whose_home_has_moved_are_still_for_it() -> None:
    events = [
        ("s-1", order(0, 10_000)),
        ("s-2", apart("loyalty_points_changed", 1, "s-2", points=80)),
        ("s-3", apart("order_completed", 0, "s-3", revenue=20_000, currency="USD")),
        ("s-3", apart("loyalty_points_changed", 2, "s-3", points=80)),
    ]
    assert on_streams(40, *events).available == 100 + 80
    assert on_streams(40, *events[1:]).available == 80
