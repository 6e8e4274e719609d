"""Cut-offs divide customers into hundredths."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clv import Cutoffs

VALUES = st.lists(st.floats(0, 1e6), min_size=1, max_size=300)


@given(VALUES, st.floats(0, 1e6), st.integers(1, 100))
def test_a_percentile_is_reached_from_its_cut_off(
    values: list[float], value: float, percent: int
) -> None:
    cutoffs = Cutoffs.of(np.array(values))
    assert (cutoffs.percentile(value) >= percent) == (value >= cutoffs.at(percent))


@given(VALUES, st.floats(0, 100), st.floats(0, 100))
def test_a_higher_percentile_has_no_lower_cut_off(
    values: list[float], one: float, other: float
) -> None:
    cutoffs = Cutoffs.of(np.array(values))
    low, high = sorted((one, other))
    assert cutoffs.at(low) <= cutoffs.at(high)


@pytest.mark.parametrize("percent", [1, 50, 75, 99])
def test_of_a_thousand_customers_as_many_as_promised_reach_it(percent: int) -> None:
    values = np.random.default_rng(1).gamma(1, 1_000, 1_000)
    cutoffs = Cutoffs.of(values)
    reached = sum(cutoffs.percentile(value) >= percent for value in values)
    assert reached == pytest.approx(1_000 - 10 * percent, abs=1)


def test_everybody_reaches_zero_percent_and_one_customer_a_hundred() -> None:
    cutoffs = Cutoffs.of(np.arange(1.0, 201.0))
    assert cutoffs.at(0) == 0
    assert cutoffs.at(75) == 150
    assert cutoffs.at(75.5) == 151
    assert cutoffs.at(100) == 200
