"""When a falling value passes a bound: found to the microsecond."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import BuyingHistory, BuyingModel, Dropout, alive, expected_orders, next_crossing
from tests.unit.clv.customers import BUYING_MODELS, NOW, histories

MBG = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.525, 6.183, 0.891, 1.614)
ONCE = BuyingHistory(0, 0, NOW)
COMPARISONS: list[Callable[[float, float], bool]] = [
    lambda value, bound: value >= bound,
    lambda value, bound: value > bound,
    lambda value, bound: value < bound,
    lambda value, bound: value <= bound,
]
LAST = 4_102_444_800_000_000


def check_both_sides(
    value: Callable[[int], float], holds: Callable[[float], bool], bound: float
) -> None:
    """The verdict turns at the crossing, and is as before a microsecond earlier."""
    before = holds(value(NOW))
    crossing = next_crossing(value, NOW, holds, [bound])
    if crossing is None:
        assert holds(value(LAST)) == before
    else:
        assert crossing > NOW
        assert holds(value(crossing)) != before
        assert holds(value(crossing - 1)) == before


@given(BUYING_MODELS, histories(), st.floats(1e-6, 1), st.sampled_from(COMPARISONS), st.booleans())
def test_a_crossing_has_both_sides_a_microsecond_apart(
    model: BuyingModel,
    history: BuyingHistory,
    part: float,
    compare: Callable[[float, float], bool],
    by_orders: bool,
) -> None:
    def value(at: int) -> float:
        if by_orders:
            return expected_orders(model, history, at, 90 * DAY)
        return alive(model, history, at)

    bound = part * value(NOW)
    check_both_sides(value, lambda found: compare(found, bound), bound)


@given(st.floats(0.001, 0.64), st.integers(0, 50), st.integers(0, 2_000))
def test_the_crossing_of_alive_is_where_its_inverse_says(
    bound: float, repeats: int, recency: int
) -> None:
    """Solved for T: (alpha + t_x) (b + k - 1) / a (1 / bound - 1))^(1 / (r + x)) - alpha."""
    history = BuyingHistory(repeats, recency, NOW)
    assume(alive(MBG, history, NOW) > bound)
    odds = (1 / bound - 1) * (MBG.b + repeats) / MBG.a
    waited = (MBG.alpha + recency / 7) * (odds ** (1 / (MBG.r + repeats)) - 1)
    assume(waited < 3_000)
    found = next_crossing(
        lambda at: alive(MBG, history, at), NOW, lambda value: value < bound, [bound]
    )
    assert found == pytest.approx(NOW + waited * 7 * DAY, abs=1_000)


def test_the_nearest_of_several_bounds_that_changes_the_verdict_is_found() -> None:
    def value(at: int) -> float:
        return alive(MBG, ONCE, at)

    def is_between(found: float) -> bool:
        return 0.3 < found < 0.5

    enters = next_crossing(value, NOW, is_between, [0.2, 0.3, 0.5])
    assert enters is not None
    assert value(enters - 1) >= 0.5 > value(enters)
    leaves = next_crossing(value, enters, is_between, [0.2, 0.3, 0.5])
    assert leaves is not None
    assert value(leaves - 1) > 0.3 >= value(leaves)
    assert next_crossing(value, leaves, is_between, [0.2, 0.3, 0.5]) is None


def test_exactly_at_a_bound_the_next_microsecond_may_be_past_it() -> None:
    bound = alive(MBG, ONCE, NOW + DAY)
    check = [
        next_crossing(lambda at: alive(MBG, ONCE, at), NOW + DAY, holds, [bound])
        for holds in (lambda value: value >= bound, lambda value: value > bound)
    ]
    assert check[0] is not None
    assert alive(MBG, ONCE, check[0]) < bound
    assert check[1] is None


def test_an_equality_holds_for_as_long_as_the_value_stays() -> None:
    def days_left(at: int) -> float:
        return float(max(3 - (at - NOW) // DAY, 0))

    turns = next_crossing(days_left, NOW, lambda value: value == 2, [2])
    assert turns == NOW + DAY
    assert next_crossing(days_left, turns, lambda value: value == 2, [2]) == NOW + 2 * DAY


def test_what_never_falls_never_crosses() -> None:
    bg = BuyingModel(Dropout.AFTER_REPEATS, 0.243, 4.414, 0.793, 2.426)

    def value(at: int) -> float:
        return alive(bg, ONCE, at)

    assert next_crossing(value, NOW, lambda found: found < 0.5, [0.5]) is None


def test_a_crossing_takes_few_evaluations() -> None:
    asked = 0

    def value(at: int) -> float:
        nonlocal asked
        asked += 1
        return alive(MBG, ONCE, at)

    assert next_crossing(value, NOW, lambda found: found < 0.2, [0.2]) is not None
    assert asked < 60
