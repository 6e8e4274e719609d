"""Buying histories: days in the shop's zone, and orders that come and go."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.instants import DAY, HOUR
from clv import BuyingHistory, OrderDays
from clv.history import WEEK, Spend, day_of, day_start
from tests.support.cdnow_customers import SampleOrder

BERLIN = ZoneInfo("Europe/Berlin")
ZONES = st.sampled_from(
    [UTC, BERLIN, ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia"), ZoneInfo("Asia/Kolkata")]
)


def at(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp()) * 1_000_000


ORDERS = st.lists(
    st.builds(
        SampleOrder,
        st.integers(0, 60 * 365 * 24).map(lambda hour: hour * HOUR),
        st.integers(0, 100_000),
        st.sampled_from(["USD", "SEK", None]),
    ),
    max_size=40,
)


def test_orders_of_one_day_are_one_and_days_are_the_shops() -> None:
    evening, night = (
        SampleOrder(at("2026-03-01T23:30:00+01:00")),
        SampleOrder(at("2026-03-02T00:30:00+01:00")),
    )
    in_berlin = BuyingHistory.of([evening, night], BERLIN)
    assert in_berlin is not None
    assert (in_berlin.repeats, in_berlin.recency_days) == (1, 1)
    assert in_berlin.last_day == at("2026-03-02T00:00:00+01:00")
    in_utc = BuyingHistory.of([evening, night], UTC)
    assert in_utc is not None
    assert (in_utc.repeats, in_utc.recency_days) == (0, 0)
    assert in_utc.spend == {"USD": Spend(1, 0, 0)}


def test_the_first_day_is_no_part_of_the_mean_spend() -> None:
    days = [
        SampleOrder(0, 9_000),
        SampleOrder(DAY, 1_000),
        SampleOrder(DAY + HOUR, 500),
        SampleOrder(3 * DAY, 0),
    ]
    history = BuyingHistory.of(days, UTC)
    assert history is not None
    assert history.spend == {"USD": Spend(days=3, repeat_days=2, repeat_total=1_500)}
    assert history.spend["USD"].repeat_mean == 750


def test_an_order_without_a_currency_counts_as_an_order_alone() -> None:
    history = BuyingHistory.of([SampleOrder(0), SampleOrder(DAY, 0, None)], UTC)
    assert history is not None
    assert history.repeats == 1
    assert history.spend == {"USD": Spend(1, 0, 0)}


def test_age_counts_from_the_first_day_and_never_less_than_recency() -> None:
    history = BuyingHistory.of([SampleOrder(0), SampleOrder(14 * DAY + HOUR)], UTC)
    assert history is not None
    assert history.recency == 2
    assert history.age(21 * DAY) == 3
    assert history.age(21 * DAY + WEEK // 2) == 3.5
    assert history.age(13 * DAY) == history.recency


def test_of_two_currencies_on_one_day_one_can_be_retracted() -> None:
    days = OrderDays(UTC)
    days.add(SampleOrder(0, 500))
    days.add(SampleOrder(HOUR, 700, "SEK"))
    days.retract(SampleOrder(HOUR, 700, "SEK"))
    history = days.history()
    assert history is not None
    assert history.spend == {"USD": Spend(1, 0, 0)}


def test_nobody_without_orders_has_a_history() -> None:
    assert BuyingHistory.of([], UTC) is None


@given(ORDERS, st.randoms(), ZONES)
def test_histories_do_not_depend_on_the_order_of_arrival(
    orders: list[SampleOrder], random: object, zone: ZoneInfo
) -> None:
    shuffled = list(orders)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert BuyingHistory.of(shuffled, zone) == BuyingHistory.of(orders, zone)


@given(ORDERS, st.data(), ZONES)
def test_what_is_retracted_was_never_there(
    orders: list[SampleOrder], data: st.DataObject, zone: ZoneInfo
) -> None:
    gone = data.draw(
        st.lists(st.sampled_from(range(len(orders))), unique=True) if orders else st.just([])
    )
    days = OrderDays(zone)
    for index, order in enumerate(orders):
        days.add(order)
        if index in gone:
            days.retract(order)
    left = [order for index, order in enumerate(orders) if index not in gone]
    assert days.history() == BuyingHistory.of(left, zone)


@given(ORDERS, ORDERS, ORDERS, ZONES)
def test_streams_merge_in_any_grouping(
    one: list[SampleOrder], two: list[SampleOrder], three: list[SampleOrder], zone: ZoneInfo
) -> None:
    def days(*parts: list[SampleOrder]) -> OrderDays:
        found = OrderDays(zone)
        for part in parts:
            for order in part:
                found.add(order)
        return found

    left = days(one)
    left.merge(days(two))
    left.merge(days(three))
    right = days(three)
    right.merge(days(two, one))
    assert left.history() == right.history() == days(one, two, three).history()


@given(st.integers(0, 60 * 365 * 24 * 4), ZONES)
def test_a_day_begins_at_or_before_all_that_happens_on_it(quarter: int, zone: ZoneInfo) -> None:
    instant = quarter * HOUR // 4
    day = day_of(instant, zone)
    start = day_start(day, zone)
    assert start <= instant
    assert day_of(start, zone) == day
    assert day_of(start - 1, zone) < day


@pytest.mark.parametrize("zone", [ZoneInfo("America/Sao_Paulo"), ZoneInfo("Pacific/Apia"), UTC])
@pytest.mark.parametrize("instant", [-62_135_596_800_000_000, 253_402_300_799_999_999])
def test_orders_at_the_ends_of_the_calendar_are_of_one_day_in_every_zone(
    zone: ZoneInfo, instant: int
) -> None:
    day = day_of(instant, zone)
    assert day_of(day_start(day, zone), zone) == day
    history = BuyingHistory.of([SampleOrder(instant, 100, "USD")] * 2, zone)
    assert history == BuyingHistory(0, 0, day_start(day, zone), {"USD": Spend(1, 0, 0)})


@pytest.mark.parametrize("zone", [BERLIN, ZoneInfo("America/Sao_Paulo")])
def test_recency_is_in_whole_days_when_the_clocks_change(zone: ZoneInfo) -> None:
    noon = datetime(2018, 1, 1, 12, tzinfo=zone)
    days = [noon.replace(month=month) for month in range(1, 13)]
    history = BuyingHistory.of([SampleOrder(round(day.timestamp() * 1e6)) for day in days], zone)
    assert history is not None
    assert history.recency_days == 334
