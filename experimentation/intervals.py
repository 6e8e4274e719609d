"""Intervals that an unknown number lies in, and the quantiles that make them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from statistics import NormalDist

LEVEL = 0.95
NORMAL = NormalDist()


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high`; both are infinite where nothing is known."""

    low: float
    high: float

    @classmethod
    def around(cls, value: float, half_width: float) -> Interval:
        return cls(value - half_width, value + half_width)

    @property
    def excludes_zero(self) -> bool:
        return self.low > 0 or self.high < 0


EVERYTHING = Interval(-inf, inf)


def two_sided_quantile(level: float, freedom: float | None = None) -> float:
    """How many standard errors to each side hold `level`: of Student's t if it has `freedom`."""
    tail = (1 + level) / 2
    if freedom is None:
        return NORMAL.inv_cdf(tail)
    from scipy.special import stdtrit  # noqa: PLC0415 - see the package

    return float(stdtrit(freedom, tail))


def two_sided_p_value(errors: float, freedom: float | None = None) -> float:
    """How likely something at least so many standard errors from its mean is, to either side."""
    if freedom is None:
        return 2 * NORMAL.cdf(-abs(errors))
    from scipy.special import stdtr  # noqa: PLC0415 - see the package

    return float(2 * stdtr(freedom, -abs(errors)))
