"""What rules ask of one profile: values by name, their crossings, and orders dated ahead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import (
    BuyingHistory,
    BuyingModel,
    Cutoffs,
    Dropout,
    ProfileValues,
    SpendModel,
    ValueModel,
    alive,
    expected_orders,
    expected_spend,
)
from tests.support.cdnow_customers import SampleOrder
from tests.unit.clv.customers import NOW

MBG = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.525, 6.183, 0.891, 1.614)
MODEL = ValueModel(MBG, {"USD": SpendModel(6.25, 3.74, 1_544)}, currency="USD")
CUTOFFS = {"clv": Cutoffs.of(np.arange(1.0, 10_001.0))}


@dataclass(frozen=True, slots=True)
class ListedOrders:
    """Orders that count from when they are dated."""

    listed: Sequence[SampleOrder]

    def orders(self, now: int) -> Sequence[SampleOrder]:
        return [order for order in self.listed if order.at <= now]

    def next_change(self, now: int) -> int | None:
        return min((order.at for order in self.listed if order.at > now), default=None)


def values_of(*orders: SampleOrder, model: ValueModel = MODEL) -> ProfileValues:
    return ProfileValues(model, CUTOFFS, ListedOrders(orders), UTC)


def test_values_are_those_of_the_history() -> None:
    orders = [SampleOrder(NOW - 100 * DAY, 2_000), SampleOrder(NOW - 40 * DAY, 3_000)]
    history = BuyingHistory.of(orders, UTC)
    assert history is not None
    values = values_of(*orders)
    assert values.value("alive", None, NOW) == alive(MBG, history, NOW)
    month = expected_orders(MBG, history, NOW, 30 * DAY)
    assert values.value("expected_orders", 30 * DAY, NOW) == month
    assert values.value("clv", None, NOW) == expected_spend(MODEL, history, NOW, "USD") / 100


@pytest.mark.parametrize("name", ["alive", "expected_orders", "clv"])
def test_who_has_not_bought_has_no_values(name: str) -> None:
    values = values_of()
    assert values.value(name, 30 * DAY, NOW) is None
    assert values.crossing(name, 30 * DAY, NOW, 0.5) is None


def test_without_a_model_of_spend_nobody_has_a_lifetime_value() -> None:
    values = values_of(SampleOrder(NOW), model=ValueModel(MBG, {}, currency="USD"))
    assert values.value("clv", None, NOW) is None
    assert values.value("alive", None, NOW) is not None


def test_cut_offs_of_clv_are_in_major_units() -> None:
    assert values_of().cutoff("clv", 75) == 75
    assert values_of().cutoff("alive", 75) is None


def test_an_order_that_is_dated_ahead_is_a_crossing() -> None:
    values = values_of(SampleOrder(NOW - 300 * DAY), SampleOrder(NOW + 5 * DAY))
    now = values.value("alive", None, NOW)
    assert now is not None
    assert now < 0.5
    crossing = values.crossing("alive", None, NOW, 0.5)
    assert crossing == NOW + 5 * DAY
    later = values.value("alive", None, crossing)
    assert later is not None
    assert later > 0.5


def test_a_first_order_that_is_dated_ahead_gives_the_profile_values() -> None:
    values = values_of(SampleOrder(NOW + 5 * DAY))
    assert values.crossing("alive", None, NOW, 0.5) == NOW + 5 * DAY


@given(
    st.lists(st.integers(-300, 300), min_size=1, max_size=6),
    st.sampled_from(["alive", "expected_orders", "clv"]),
    st.floats(0.001, 1.2),
)
def test_between_two_crossings_a_value_stays_on_its_side(
    days: list[int], name: str, part: float
) -> None:
    values = values_of(*(SampleOrder(NOW + day * DAY) for day in days))

    def side(at: int) -> bool | None:
        value = values.value(name, 30 * DAY, at)
        return None if value is None else value >= bound

    bound = part * (values.value(name, 30 * DAY, NOW + 300 * DAY) or 1)
    now = NOW
    for _ in range(20):
        before, crossing = side(now), values.crossing(name, 30 * DAY, now, bound)
        end = NOW + 600 * DAY if crossing is None else crossing - 1
        for at in (now, (now + end) // 2, end):
            if now <= at <= end:
                assert side(at) == before
        if crossing is None:
            break
        assert crossing > now
        now = crossing


def test_after_a_hundred_orders_dated_ahead_the_last_is_named_to_be_asked_again() -> None:
    ahead = [SampleOrder(NOW + day * DAY) for day in range(1, 150)]
    values = values_of(SampleOrder(NOW), *ahead)
    assert values.crossing("alive", None, NOW, 0.01) == NOW + 100 * DAY
