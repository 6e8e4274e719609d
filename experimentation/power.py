"""Power: what an experiment can see, and how long it takes until it can.

Two-sided tests of means with the normal distribution; a proportion p has the variance p (1 - p).
"""

from __future__ import annotations

from math import ceil, sqrt

from experimentation.intervals import LEVEL, NORMAL, two_sided_quantile
from experimentation.sample import Sample

POWER = 0.8


def power_of(
    true_difference: float, control: Sample, variant: Sample, level: float = LEVEL
) -> float:
    """How likely a difference of that size is seen with samples of these sizes and variances."""
    error = sqrt(control.variance_of_mean + variant.variance_of_mean)
    if error == 0:
        return 0.0
    bound, errors = two_sided_quantile(level), true_difference / error
    return NORMAL.cdf(errors - bound) + NORMAL.cdf(-errors - bound)


def detectable_difference(
    control: Sample, variant: Sample, level: float = LEVEL, power: float = POWER
) -> float:
    """The least difference that is seen with `power`, by samples of these sizes and variances."""
    error = sqrt(control.variance_of_mean + variant.variance_of_mean)
    return (two_sided_quantile(level) + NORMAL.inv_cdf(power)) * error


def units_needed(
    true_difference: float,
    variances: tuple[float, float],
    level: float = LEVEL,
    power: float = POWER,
) -> int:
    """How many shoppers each of two equal variants needs to see a difference with `power`.

    It is not 0.
    """
    errors = two_sided_quantile(level) + NORMAL.inv_cdf(power)
    return ceil(sum(variances) * (errors / true_difference) ** 2)


def days_left(needed: int, units: int, days: float) -> int | None:
    """How many whole days until a variant has the shoppers it needs.

    At the pace at which it got `units` in `days`; None if it has got none.
    """
    if units >= needed:
        return 0
    if units == 0 or days <= 0:
        return None
    return ceil((needed - units) * days / units)
