"""Effects: by how much a variant differs from the control, and how sure that is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import sqrt

from experimentation.intervals import (
    EVERYTHING,
    LEVEL,
    Interval,
    two_sided_p_value,
    two_sided_quantile,
)
from experimentation.sample import Sample


@dataclass(frozen=True, slots=True)
class Effect:
    """An estimate with its variance, its interval and the p-value of there being no effect."""

    estimate: float
    variance: float
    interval: Interval
    p_value: float


def difference(control: Sample, variant: Sample, level: float = LEVEL) -> Effect:
    """The difference of the means, variant less control.

    Of proportions by the normal distribution (Wald's interval), of other means by Welch's t.
    """
    one, other = control.variance_of_mean, variant.variance_of_mean
    estimate = variant.mean - control.mean
    return _effect(estimate, one + other, level, _freedom(control, variant))


def relative_lift(control: Sample, variant: Sample, level: float = LEVEL) -> Effect:
    """The relative lift, variant / control - 1, by the delta method and the normal distribution.

    Deng, Knoblich & Lu (2018), Applying the Delta Method in Metric Analytics, section 2.2. Without
    anything in the control nothing can be said. Without anything in the variant it is the
    difference in units of the control: by the delta method it would have no variance.
    """
    if control.mean == 0 or not variant.units:
        return Effect(0.0, 0.0, EVERYTHING, 1.0)
    if variant.mean == 0:
        variance = difference(*level_variance(control, variant)).variance / control.mean**2
        return _effect(-1.0, variance, level, None)
    ratio = variant.mean / control.mean
    variance = (
        variant.variance_of_mean + ratio * ratio * control.variance_of_mean
    ) / control.mean**2
    return _effect(ratio - 1, variance, level, None)


def level_variance(control: Sample, variant: Sample) -> tuple[Sample, Sample]:
    """Both samples, where one of them has nothing with the variance of the other.

    By its own figures it would have none, and be sure of its mean however few its shoppers are.
    """
    if control.mean == 0:
        return replace(control, variance=variant.variance), variant
    if variant.mean == 0:
        return control, replace(variant, variance=control.variance)
    return control, variant


def _effect(estimate: float, variance: float, level: float, freedom: float | None) -> Effect:
    """Without any variance, as with nobody or nobody who bought, nothing can be said."""
    if variance == 0:
        return Effect(estimate, 0.0, EVERYTHING, 1.0)
    error = sqrt(variance)
    half_width = two_sided_quantile(level, freedom) * error
    p_value = two_sided_p_value(estimate / error, freedom)
    return Effect(estimate, variance, Interval.around(estimate, half_width), p_value)


def _freedom(control: Sample, variant: Sample) -> float | None:
    """The degrees of freedom by Welch and Satterthwaite; None for proportions."""
    if control.freedom is None or variant.freedom is None:
        return None
    one, other = control.variance_of_mean, variant.variance_of_mean
    parts = sum(
        part * part / freedom
        for part, freedom in ((one, control.freedom), (other, variant.freedom))
        if part > 0
    )
    return (one + other) ** 2 / parts if parts else None
