"""When a falling value passes a bound: found to the microsecond."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import BuyingHistory, BuyingModel, Dropout, alive, expected_orders, next_crossing
from clv.crossing import LAST
from tests.unit.clv.customers import BUYING_MODELS, NOW, histories

MBG = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.525, 6.183, 0.891, 1.614)
ONCE = BuyingHistory(0, 0, NOW)


def compare(value: float, bound: float) -> int:
    return (value > bound) - (value < bound)


@given(BUYING_MODELS, histories(), st.floats(1e-6, 1), st.booleans())
def test_a_crossing_has_both_sides_a_microsecond_apart(
    model: BuyingModel, history: BuyingHistory, part: float, by_orders: bool
) -> None:
    def value(at: int) -> float:
        if by_orders:
            return expected_orders(model, history, at, 90 * DAY)
        return alive(model, history, at)

    bound = part * value(NOW)
    before = compare(value(NOW), bound)
    crossing = next_crossing(value, NOW, bound)
    if crossing is None:
        assert compare(value(LAST), bound) == before
    else:
        assert crossing > NOW
        assert compare(value(crossing), bound) != before
        assert compare(value(crossing - 1), bound) == before


@given(st.floats(0.001, 0.64), st.integers(0, 50), st.integers(0, 2_000))
def test_the_crossing_of_alive_is_where_its_inverse_says(
    bound: float, repeats: int, recency: int
) -> None:
    """Solved for T: (alpha + t_x) ((b + k - 1) / a (1 / bound - 1))^(1 / (r + x)) - alpha."""
    history = BuyingHistory(repeats, recency, NOW)
    assume(alive(MBG, history, NOW) > bound)
    odds = (1 / bound - 1) * (MBG.b + repeats) / MBG.a
    waited = (MBG.alpha + recency / 7) * (odds ** (1 / (MBG.r + repeats)) - 1)
    assume(waited < 3_000)
    found = next_crossing(lambda at: alive(MBG, history, at), NOW, bound)
    assert found == pytest.approx(NOW + waited * 7 * DAY, abs=1_000)


def test_a_value_at_the_bound_is_below_it_a_microsecond_later() -> None:
    def value(at: int) -> float:
        return alive(MBG, ONCE, at)

    crossing = next_crossing(value, NOW + DAY, value(NOW + DAY))
    assert crossing is not None
    assert NOW + DAY < crossing <= NOW + DAY + 2


def test_a_value_below_the_bound_never_comes_back() -> None:
    assert next_crossing(lambda at: alive(MBG, ONCE, at), NOW, 0.9) is None


def test_steps_are_crossed_where_they_are() -> None:
    def days_left(at: int) -> float:
        return float(max(3 - (at - NOW) // DAY, 0))

    reached = next_crossing(days_left, NOW, 2)
    assert reached == NOW + DAY
    assert next_crossing(days_left, reached, 2) == NOW + 2 * DAY


def test_what_never_falls_never_crosses() -> None:
    bg = BuyingModel(Dropout.AFTER_REPEATS, 0.243, 4.414, 0.793, 2.426)
    assert next_crossing(lambda at: alive(bg, ONCE, at), NOW, 0.5) is None


def test_a_crossing_takes_few_evaluations() -> None:
    asked: list[int] = []

    def value(at: int) -> float:
        asked.append(at)
        return alive(MBG, ONCE, at)

    assert next_crossing(value, NOW, 0.2) is not None
    assert len(asked) < 60
