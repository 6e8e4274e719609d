"""Values of one customer: right to many digits, bounded, and falling between orders."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import (
    BuyingHistory,
    BuyingModel,
    Dropout,
    SpendModel,
    ValueModel,
    alive,
    expected_orders,
    expected_spend,
)
from clv.batch import alive_of, customers_of, expected_orders_of, values_of
from clv.future import orders_if_alive
from clv.history import WEEK, Spend
from tests.unit.clv.customers import BUYING_MODELS, DOLLARS, NOW, histories

MBG = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.525, 6.183, 0.891, 1.614)
BG = BuyingModel(Dropout.AFTER_REPEATS, 0.243, 4.414, 0.793, 2.426)
WITHIN = st.integers(DAY, 1_000 * DAY)


def _to_40_digits(model: BuyingModel, repeats: int, z: float) -> float:
    """The hypergeometric form of the literature after Euler's transformation."""
    with mpmath.workdps(40):
        r, b, exact_z = mpmath.mpf(model.r), mpmath.mpf(model.b), mpmath.mpf(z)
        a = mpmath.mpf(model.a) + mpmath.mpf(10) ** -25  # it divides by a - 1
        c = a + b + model.survivals(repeats) - 1
        y = exact_z / (1 + exact_z)
        remaining = (1 - y) ** (a - 1) * mpmath.hyp2f1(a - 1, c - r - repeats, c, y)
        return float(c / (a - 1) * (1 - remaining))


@pytest.mark.parametrize("dropout", Dropout)
@pytest.mark.parametrize(
    ("a", "b"), [(0.1, 0.3), (0.891, 1.614), (1.0, 2.0), (10.0, 30.0), (2.0, 1_000.0)]
)
@pytest.mark.parametrize("repeats", [0, 1, 5, 19, 20, 50, 150, 10_000])
def test_expected_orders_have_ten_right_digits(
    dropout: Dropout, a: float, b: float, repeats: int
) -> None:
    model = BuyingModel(dropout, 0.525, 6.183, a, b)
    ratios = np.array([1e-6, 0.01, 0.5, 1.0, 8.0, 50.0, 900.0])
    found = orders_if_alive(model, repeats, ratios)
    for z, orders in zip(ratios, found, strict=True):
        assert orders == pytest.approx(_to_40_digits(model, repeats, z), rel=1e-10)


@given(BUYING_MODELS, st.integers(0, 10_000), st.floats(1e-3, 500))
def test_expected_orders_are_finite_and_few_enough(
    model: BuyingModel, repeats: int, z: float
) -> None:
    """A living customer cannot be expected to order more often than one who never drops out."""
    orders = float(orders_if_alive(model, repeats, np.array([z]))[0])
    assert 0 < orders <= (model.r + repeats) * z * (1 + 1e-9)


@given(BUYING_MODELS, histories(), st.integers(0, 2_000 * DAY))
def test_alive_is_a_probability_that_falls(
    model: BuyingModel, history: BuyingHistory, later: int
) -> None:
    now = alive(model, history, NOW)
    assert 0 <= alive(model, history, NOW + later) <= now <= 1


@given(BUYING_MODELS, histories(), WITHIN, st.integers(DAY, 2_000 * DAY))
def test_expected_orders_fall_between_orders(
    model: BuyingModel, history: BuyingHistory, within: int, later: int
) -> None:
    now = expected_orders(model, history, NOW, within)
    assert 0 <= expected_orders(model, history, NOW + later, within) <= now * (1 + 1e-9)


@given(BUYING_MODELS, histories(), WITHIN, WITHIN)
def test_a_longer_time_holds_more_orders_but_less_than_its_parts(
    model: BuyingModel, history: BuyingHistory, one: int, other: int
) -> None:
    """Orders become rarer: the second part of a time holds fewer than as many weeks from now."""
    both = expected_orders(model, history, NOW, one + other)
    first = expected_orders(model, history, NOW, one)
    second = expected_orders(model, history, NOW, other)
    assert max(first, second) * (1 - 1e-9) <= both <= (first + second) * (1 + 1e-9)


@given(BUYING_MODELS, histories())
def test_in_a_short_time_orders_come_at_the_present_rate(
    model: BuyingModel, history: BuyingHistory
) -> None:
    """The limit of expected orders over time: P(alive) (r + x) / (alpha + T)."""
    rate = (model.r + history.repeats) / (model.alpha + history.age(NOW))
    short = round(WEEK * min(1e-6 / rate, 1e-6 * model.alpha)) + 1
    orders = expected_orders(model, history, NOW, short)
    expected = alive(model, history, NOW) * rate * short / WEEK
    assert orders == pytest.approx(expected, rel=1e-4)


@given(BUYING_MODELS, st.lists(histories(), min_size=1, max_size=30), WITHIN)
def test_many_customers_have_the_values_of_each(
    model: BuyingModel, many: list[BuyingHistory], within: int
) -> None:
    customers = customers_of(many, NOW)
    living = [alive(model, each, NOW) for each in many]
    orders = [expected_orders(model, each, NOW, within) for each in many]
    assert alive_of(model, customers) == pytest.approx(living, rel=1e-9, abs=1e-300)
    found = expected_orders_of(model, customers, within / WEEK)
    assert found == pytest.approx(orders, rel=1e-9, abs=1e-300)


def test_who_never_came_back_is_alive_for_certain_in_the_bg_nbd_alone() -> None:
    once = BuyingHistory(0, 0, NOW - 700 * DAY)
    assert alive(BG, once, NOW) == 1
    odds = 0.891 / 1.614 * ((6.183 + 100) / 6.183) ** 0.525
    assert alive(MBG, once, NOW) == pytest.approx(1 / (1 + odds))


def test_ten_thousand_orders_overflow_nothing() -> None:
    faithful = BuyingHistory(10_000, 10_500, NOW - DAY)
    assert 0.99 < alive(MBG, faithful, NOW) < 1
    assert 300 < expected_orders(MBG, faithful, NOW, 364 * DAY) < 364
    assert alive(MBG, faithful, NOW + 3_000 * DAY) < 1e-300


def test_a_clock_that_is_behind_the_last_order_counts_as_its_day() -> None:
    history = BuyingHistory(3, 40, NOW)
    assert alive(MBG, history, NOW - DAY) == alive(MBG, history, NOW)


SPEND = SpendModel(6.25, 3.74, 1_544)


def test_clv_is_expected_orders_times_expected_spend() -> None:
    spend = {DOLLARS: Spend(days=3, repeat_days=2, repeat_total=6_000)}
    history = BuyingHistory(2, 213, NOW - 59 * DAY, spend)
    model = ValueModel(BG, {DOLLARS: SPEND}, horizon=273 * DAY)
    each_day = 6.25 * (1_544 + 6_000) / (6.25 * 2 + 2.74)
    assert each_day == pytest.approx(3_094, abs=1)
    orders = expected_orders(BG, history, NOW, 273 * DAY)
    assert expected_spend(model, history, NOW, DOLLARS) == pytest.approx(orders * each_day)
    assert values_of(model, [history], NOW, DOLLARS) == pytest.approx(orders * each_day)


def test_one_time_buyers_are_expected_to_spend_like_anybody() -> None:
    assert SPEND.expected(0, 0.0) == pytest.approx(SPEND.mean)


@given(st.integers(1, 10_000), st.floats(1, 1e6))
def test_expected_spend_lies_between_ones_own_mean_and_everybodys(days: int, mean: float) -> None:
    low, high = sorted((mean, SPEND.mean))
    assert low * (1 - 1e-9) <= SPEND.expected(days, mean) <= high * (1 + 1e-9)


def test_two_currencies_share_the_expected_orders() -> None:
    spend = {"EUR": Spend(1, 1, 5_000), "USD": Spend(3, 2, 6_000)}
    history = BuyingHistory(3, 213, NOW - 59 * DAY, spend)
    model = ValueModel(MBG, {"EUR": SPEND, "USD": SPEND})
    orders = expected_orders(MBG, history, NOW, model.horizon)
    euros = expected_spend(model, history, NOW, "EUR")
    dollars = expected_spend(model, history, NOW, "USD")
    assert euros == pytest.approx(orders / 4 * SPEND.expected(1, 5_000))
    assert dollars == pytest.approx(orders * 3 / 4 * SPEND.expected(2, 3_000))


def test_a_currency_that_nobody_knows_is_worth_nothing() -> None:
    history = BuyingHistory(3, 213, NOW, {"EUR": Spend(1, 1, 5_000)})
    model = ValueModel(MBG, {"USD": SPEND})
    assert expected_spend(model, history, NOW, "USD") == 0
    assert expected_spend(model, history, NOW, "EUR") == 0
    assert values_of(model, [history], NOW, "USD") == [0]
    assert values_of(model, [history], NOW, "EUR") == [0]
