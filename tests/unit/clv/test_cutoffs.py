"""Cut-offs divide customers into hundredths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv import Cutoffs

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)


@given(VALUES, st.floats(0, 1e6), st.integers(1, 99))
def test_a_percentile_is_reached_from_its_cut_off(
    values: list[float], value: float, percentile: int
) -> None:
    cutoffs = Cutoffs.of(np.array(values))
    reached = cutoffs.percentile(value) >= percentile
    assert reached == (value >= cutoffs.enters_at(percentile))


@given(VALUES, st.integers(1, 99))
def test_the_band_lies_below_the_cut_off(values: list[float], percentile: int) -> None:
    cutoffs = Cutoffs.of(np.array(values))
    assert cutoffs.leaves_below(percentile) <= cutoffs.enters_at(percentile)


@pytest.mark.parametrize("percentile", [1, 50, 75, 99])
def test_of_a_thousand_customers_as_many_as_promised_reach_it(percentile: int) -> None:
    values = np.random.default_rng(1).gamma(1, 1_000, 1_000)
    cutoffs = Cutoffs.of(values)
    reached = sum(cutoffs.percentile(value) >= percentile for value in values)
    assert reached == pytest.approx(1_000 - 10 * percentile, abs=1)


def test_a_band_of_two_hundredths_keeps_those_just_below() -> None:
    cutoffs = Cutoffs.of(np.arange(1.0, 101.0))
    assert cutoffs.enters_at(75) == 75
    assert cutoffs.leaves_below(75) == 73
    assert cutoffs.leaves_below(1) == cutoffs.enters_at(1)
