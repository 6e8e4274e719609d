"""The statistics of experiments: equal to scipy's, to others' formulas, and sane at the edges."""

from __future__ import annotations

import subprocess
import sys
from math import inf, sqrt

import numpy as np
import pytest
from scipy import optimize, stats

from experimentation import (
    Covaried,
    Effect,
    GuardVerdict,
    Interval,
    Sample,
    adjust,
    always_valid,
    days_left,
    detectable_difference,
    difference,
    guard_verdict,
    level_variance,
    peeking_bound,
    power_of,
    relative_lift,
    sample_ratio_p_value,
    units_needed,
)
from experimentation.intervals import EVERYTHING

EXACT = 1e-9
CONTROL, VARIANT = Sample.of_proportion(500, 10_000), Sample.of_proportion(580, 9_500)


def amounts(seed: int, units: int, mean: float) -> np.ndarray:
    """What shoppers spent: most nothing, some much."""
    draw = np.random.default_rng(seed)
    return draw.gamma(2.0, mean / 2, units) * (draw.random(units) < 0.3)


def sample(values: np.ndarray) -> Sample:
    return Sample.of_sums(len(values), float(values.sum()), float((values**2).sum()))


def test_scipy_is_imported_by_what_computes_and_not_with_the_package() -> None:
    loaded = (
        "import experimentation, sys; print(any(m[:5] in ('scipy','numpy') for m in sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_a_difference_of_proportions_has_walds_interval() -> None:
    effect = difference(CONTROL, VARIANT)
    assert effect.estimate == pytest.approx(0.0110526316, abs=EXACT)
    error = sqrt(0.05 * 0.95 / 10_000 + effect_variance(580, 9_500))
    half = stats.norm.ppf(0.975) * error
    assert effect.interval.low == pytest.approx(effect.estimate - half, abs=EXACT)
    assert effect.interval.high == pytest.approx(effect.estimate + half, abs=EXACT)
    assert effect.p_value == pytest.approx(2 * stats.norm.sf(effect.estimate / error), abs=EXACT)
    assert effect.interval.excludes_zero


def effect_variance(successes: int, units: int) -> float:
    share = successes / units
    return share * (1 - share) / units


def test_a_difference_of_means_is_that_of_welchs_test() -> None:
    one, other = amounts(1, 900, 40.0), amounts(2, 700, 48.0)
    theirs = stats.ttest_ind(other, one, equal_var=False)
    ours = difference(sample(one), sample(other), 0.9)
    low, high = theirs.confidence_interval(0.9)
    assert ours.p_value == pytest.approx(theirs.pvalue, abs=EXACT)
    assert (ours.interval.low, ours.interval.high) == pytest.approx((low, high), abs=EXACT)


def test_a_relative_lift_has_the_variance_of_the_delta_method() -> None:
    one, other = sample(amounts(3, 900, 40.0)), sample(amounts(4, 700, 48.0))

    def lift(means: np.ndarray) -> float:
        return float(means[1] / means[0] - 1)

    means = np.array([one.mean, other.mean])
    slopes = optimize.approx_fprime(means, lift, 1e-6)
    variance = slopes @ np.diag([one.variance_of_mean, other.variance_of_mean]) @ slopes
    effect = relative_lift(one, other)
    assert effect.variance == pytest.approx(variance, rel=1e-5)
    assert effect.estimate == pytest.approx(lift(means), abs=EXACT)
    assert effect.interval.high - effect.estimate == pytest.approx(
        stats.norm.ppf(0.975) * sqrt(effect.variance), abs=EXACT
    )


@pytest.mark.parametrize("effect", [difference, relative_lift])
def test_of_nobody_and_of_nobody_who_bought_nothing_can_be_said(effect: object) -> None:
    assert callable(effect)
    for nothing in (
        Sample.of_proportion(0, 0),
        Sample.of_proportion(0, 10),
        Sample.of_sums(0, 0, 0),
    ):
        assert effect(nothing, nothing) == Effect(0.0, 0.0, EVERYTHING, 1.0)
    alone = Sample.of_sums(1, 5.0, 25.0)
    assert difference(alone, alone).interval == EVERYTHING


def test_a_variant_of_nothing_is_less_than_a_control_of_much_unless_few_saw_it() -> None:
    much, nothing = Sample.of_proportion(250, 5_000), Sample.of_proportion(0, 5_000)
    effect = relative_lift(much, nothing)
    share = 0.05
    variance = share * (1 - share) * (2 / 5_000) / share**2
    assert effect.estimate == -1
    assert effect.variance == pytest.approx(variance, abs=EXACT)
    assert effect.interval.excludes_zero
    few = relative_lift(much, Sample.of_proportion(0, 5))
    assert few.interval.low < 0 < few.interval.high
    assert relative_lift(much, Sample.of_proportion(0, 0)).interval == EVERYTHING


def test_of_two_samples_the_one_of_nothing_varies_as_the_other_does() -> None:
    some, nothing = Sample.of_proportion(5, 10), Sample.of_proportion(0, 4)
    for control, variant in ((some, nothing), (nothing, some)):
        assert [each.variance for each in level_variance(control, variant)] == [0.25, 0.25]
    assert level_variance(some, some) == (some, some)
    assert level_variance(nothing, nothing) == (nothing, nothing)


def test_the_sample_ratio_check_is_pearsons_test() -> None:
    units, weights = [5_120, 4_880, 2_480], [0.4, 0.4, 0.2]
    theirs = stats.chisquare(units, [sum(units) * weight for weight in weights])
    assert sample_ratio_p_value(units, weights) == pytest.approx(theirs.pvalue, abs=EXACT)
    assert sample_ratio_p_value([0, 0], [0.5, 0.5]) == 1.0


def test_cuped_equals_the_analysis_of_covariance() -> None:
    draw = np.random.default_rng(5)
    before = [draw.gamma(2, 30, 800), draw.gamma(2, 30, 1_200)]
    after = [0.8 * x + draw.normal(10 + 2 * arm, 20, len(x)) for arm, x in enumerate(before)]
    adjusted = adjust(
        [Covaried.of(zip(y, x, strict=True)) for y, x in zip(after, before, strict=True)]
    )
    is_variant = np.repeat([0.0, 1.0], [800, 1_200])
    design = np.column_stack([np.ones(2_000), is_variant, np.concatenate(before)])
    theirs, *_ = np.linalg.lstsq(design, np.concatenate(after), rcond=None)
    one, other = adjusted.samples
    assert other.mean - one.mean == pytest.approx(theirs[1], abs=1e-8)
    assert adjusted.slope == pytest.approx(theirs[2], abs=1e-8)
    plain = (sample(after[0]), sample(after[1]))
    spread = [each.variance * (each.units - 1) for each in (*adjusted.samples, *plain)]
    assert adjusted.removed == pytest.approx(1 - sum(spread[:2]) / sum(spread[2:]), abs=1e-8)
    assert difference(one, other).variance < difference(*plain).variance


def test_cuped_removes_nothing_where_nobody_did_anything_before() -> None:
    new = [Covaried.of([(1.0, 0.0), (3.0, 0.0)]), Covaried.of([(2.0, 0.0)]), Covaried()]
    adjusted = adjust(new)
    assert (adjusted.slope, adjusted.removed) == (0.0, 0.0)
    assert [each.mean for each in adjusted.samples] == [2.0, 2.0, 0.0]


def test_cuped_leaves_a_variant_of_one_shopper_as_it_is() -> None:
    one = Covaried.of([(4.0, 1.0)])
    assert adjust([one, Covaried.of([(1.0, 1.0), (2.0, 3.0)])]).samples[0] == one.sample


def test_an_always_valid_interval_is_wider_than_one_of_a_single_look() -> None:
    effect = difference(CONTROL, VARIANT)
    always = always_valid(effect, 19_500, 20_000)
    assert always.low < effect.interval.low < effect.interval.high < always.high
    assert peeking_bound(20_000, 20_000) == pytest.approx(3.0352, abs=1e-4)


def test_the_bound_of_peeking_is_tightest_around_the_planned_size() -> None:
    bounds = [peeking_bound(units, 1_000) / sqrt(units) for units in (500, 1_000, 2_000)]
    narrower = [peeking_bound(1_000, planned) for planned in (250, 1_000, 4_000)]
    assert bounds == sorted(bounds, reverse=True)
    assert min(narrower) == narrower[1]


def test_an_interval_without_shoppers_or_variance_says_nothing() -> None:
    assert peeking_bound(0, 1_000) == inf
    assert always_valid(Effect(0.0, 0.0, EVERYTHING, 1.0), 10, 1_000) == EVERYTHING


def test_power_is_that_of_the_normal_distribution() -> None:
    error = sqrt(CONTROL.variance_of_mean + VARIANT.variance_of_mean)
    power = stats.norm.sf(1.959963985 - 0.01 / error) + stats.norm.cdf(-1.959963985 - 0.01 / error)
    assert power_of(0.01, CONTROL, VARIANT) == pytest.approx(power, abs=EXACT)
    seen = detectable_difference(CONTROL, VARIANT)
    assert power_of(seen, CONTROL, VARIANT) == pytest.approx(0.8, abs=1e-4)
    assert power_of(0.01, Sample.of_proportion(0, 0), Sample.of_proportion(0, 0)) == 0.0


def test_so_many_units_have_the_power_that_they_are_needed_for() -> None:
    needed = units_needed(0.01, (0.05 * 0.95, 0.06 * 0.94))
    one, other = (Sample(needed, share, share * (1 - share)) for share in (0.05, 0.06))
    assert needed == 8_155
    assert power_of(0.01, one, other) == pytest.approx(0.8, abs=1e-4)


def test_the_days_left_go_on_at_the_same_pace() -> None:
    assert days_left(1_000, 400, 4.0) == 6
    assert days_left(1_000, 1_000, 4.0) == 0
    assert days_left(1_000, 0, 4.0) is None
    assert days_left(1_000, 10, 0.0) is None


@pytest.mark.parametrize(
    ("low", "high", "more_is_better", "verdict"),
    [
        (-0.5, -0.1, True, GuardVerdict.WORSE),
        (-0.5, -0.1, False, GuardVerdict.FINE),
        (0.1, 0.5, False, GuardVerdict.WORSE),
        (-0.1, 0.5, True, GuardVerdict.FINE),
        (-0.3, 0.5, True, GuardVerdict.UNCLEAR),
    ],
)
def test_a_guard_is_worse_or_fine_only_where_the_interval_says_so(
    low: float, high: float, more_is_better: bool, verdict: GuardVerdict
) -> None:
    assert guard_verdict(Interval(low, high), 0.2, more_is_better=more_is_better) is verdict
