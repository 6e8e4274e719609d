"""CUPED: a difference with less noise, by what the same shoppers did before the experiment.

Deng, Xu, Kohavi & Walker (2013), Improving the Sensitivity of Online Controlled Experiments by
Utilizing Pre-Experiment Data. The slope is pooled within the variants, as in the analysis of
covariance.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from experimentation.sample import Sample


@dataclass(frozen=True, slots=True)
class Covaried:
    """Sums over a variant's shoppers of what each did (y) and had done before (x)."""

    units: int = 0
    y: float = 0.0
    x: float = 0.0
    yy: float = 0.0
    xx: float = 0.0
    xy: float = 0.0

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Covaried:
        """By `(did, had done before)` of each shopper."""
        total = cls()
        for y, x in pairs:
            total += cls(1, y, x, y * y, x * x, x * y)
        return total

    def __add__(self, other: Covaried) -> Covaried:
        return Covaried(
            self.units + other.units,
            self.y + other.y,
            self.x + other.x,
            self.yy + other.yy,
            self.xx + other.xx,
            self.xy + other.xy,
        )

    @property
    def sample(self) -> Sample:
        """What they did, without regard to before."""
        return Sample.of_sums(self.units, self.y, self.yy)

    def spread(self, square: float, one: float, other: float) -> float:
        """A sum of products of deviations, by the sum of products and the two sums."""
        return square - one * other / self.units if self.units else 0.0


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The samples of the variants after the adjustment.

    `removed` is the part of the variance that is gone, between 0 and 1.
    """

    samples: tuple[Sample, ...]
    slope: float
    removed: float


def adjust(variants: Sequence[Covaried]) -> Adjusted:
    """What the shoppers of each variant did, less what could be foreseen of it.

    Where nobody did anything before, or all the same, nothing is removed.
    """
    xx = sum(each.spread(each.xx, each.x, each.x) for each in variants)
    xy = sum(each.spread(each.xy, each.x, each.y) for each in variants)
    yy = sum(each.spread(each.yy, each.y, each.y) for each in variants)
    if xx <= 0 or yy <= 0:
        return Adjusted(tuple(each.sample for each in variants), 0.0, 0.0)
    slope = xy / xx
    mean_before = sum(each.x for each in variants) / sum(each.units for each in variants)
    samples = tuple(_adjusted(each, slope, mean_before) for each in variants)
    return Adjusted(samples, slope, xy * slope / yy)


def _adjusted(each: Covaried, slope: float, mean_before: float) -> Sample:
    if each.units < 2:
        return each.sample
    freedom = each.units - 1
    spread = (
        each.spread(each.yy, each.y, each.y)
        - 2 * slope * each.spread(each.xy, each.x, each.y)
        + slope * slope * each.spread(each.xx, each.x, each.x)
    )
    mean = each.y / each.units - slope * (each.x / each.units - mean_before)
    return Sample(each.units, mean, max(spread, 0.0) / freedom, freedom)
