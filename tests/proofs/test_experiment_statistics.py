"""Intervals hold what they promise: looked at once, and looked at all the time.

At full size there are 10,000 tests of nothing, looked at after every shopper of each variant; else
2,000, after every twentieth. 500 tests are of a true lift.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from experimentation import Sample, always_valid, difference, peeking_bound
from tests.conftest import FULL_SIZE

SHOPPERS = 25_000  # a variant
STEP = 1 if FULL_SIZE else 20
LOOKS = np.arange(STEP, SHOPPERS + 1, STEP)
BOUNDS = np.array([peeking_bound(2 * int(look), 2 * SHOPPERS) for look in LOOKS])
AT_ONCE = 100

Counts = np.ndarray[tuple[int, int], np.dtype[np.int64]]
Numbers = np.ndarray[tuple[int, ...], np.dtype[np.float64]]


def conversions(draw: np.random.Generator, rate: float, runs: int) -> Counts:
    """How many of the shoppers of a variant had bought at each look, a row a run."""
    counts: Counts = draw.binomial(STEP, rate, size=(runs, len(LOOKS))).cumsum(axis=1)
    return counts


def distances(control: Counts, variant: Counts, truth: float = 0.0) -> Numbers:
    """How many standard errors the difference of the rates is from the truth at each look."""
    one, other = control / LOOKS, variant / LOOKS
    errors = np.sqrt((one * (1 - one) + other * (1 - other)) / LOOKS)
    away: Numbers = np.divide(other - one - truth, errors, out=np.zeros_like(one), where=errors > 0)
    return away


def simulated(seed: int, rate: float, runs: int, truth: float = 0.0) -> Iterator[Numbers]:
    """The distances of so many runs, with a control of 5 percent."""
    draw = np.random.default_rng(seed)
    for _ in range(runs // AT_ONCE):
        pair = conversions(draw, 0.05, AT_ONCE), conversions(draw, rate, AT_ONCE)
        yield distances(*pair, truth)


@pytest.fixture
def runs(size: Callable[[int, int], int]) -> int:
    return size(2_000, 10_000)


def test_a_test_of_nothing_looked_at_once_is_a_false_alarm_in_five_percent(runs: int) -> None:
    draw = np.random.default_rng(1)
    alarms = 0
    for _ in range(runs):
        one, other = (
            Sample.of_proportion(draw.binomial(SHOPPERS, 0.05), SHOPPERS) for _ in range(2)
        )
        alarms += difference(one, other).interval.excludes_zero
    spread = 3.2 * np.sqrt(0.05 * 0.95 / runs)  # 0.7 percent at full size
    assert abs(alarms / runs - 0.05) < spread


def test_a_test_of_nothing_looked_at_all_the_time_is_seldom_a_false_alarm(runs: int) -> None:
    alarms = plain_alarms = 0
    for away in simulated(2, 0.05, runs):
        alarms += int((np.abs(away) > BOUNDS).any(axis=1).sum())
        plain_alarms += int((np.abs(away) > 1.96).any(axis=1).sum())
    assert alarms <= 0.05 * runs
    assert plain_alarms > 0.3 * runs  # what an interval for one look would do


def test_a_lift_of_a_fifth_is_seen_in_time_by_whoever_looks_all_the_time() -> None:
    seen = sum(int((away > BOUNDS).any(axis=1).sum()) for away in simulated(3, 0.06, 500))
    assert seen >= 0.8 * 500


def test_always_valid_intervals_cover_a_true_difference_at_every_look(runs: int) -> None:
    missed = sum(
        int((np.abs(away) > BOUNDS).any(axis=1).sum()) for away in simulated(6, 0.06, runs, 0.01)
    )
    assert missed <= 0.05 * runs


def test_an_interval_excludes_zero_where_its_bound_is_passed() -> None:
    draw = np.random.default_rng(4)
    control, variant = conversions(draw, 0.05, 1), conversions(draw, 0.06, 1)
    passed = np.abs(distances(control, variant)[0]) > BOUNDS
    for place in range(0, len(LOOKS), 7):
        look = int(LOOKS[place])
        one, other = (Sample.of_proportion(int(row[0, place]), look) for row in (control, variant))
        interval = always_valid(difference(one, other), 2 * look, 2 * SHOPPERS)
        assert interval.excludes_zero == passed[place]
