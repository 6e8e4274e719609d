"""The values that divide customers into hundredths, as published with a fit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clv.quadrature import Array

BAND = 2
"""Hysteresis, in hundredths: who is in stays in until they are that far below the bound."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """`values[n - 1]` is the value that n hundredths of the customers do not exceed, n 1 to 99."""

    values: Sequence[float]
    band: int = BAND

    @classmethod
    def of(cls, values: Array, band: int = BAND) -> Cutoffs:
        """The cut-offs of the values of all customers, at least one."""
        found = np.percentile(values, np.arange(1, 100), method="inverted_cdf")
        return cls(tuple(float(each) for each in found), band)

    def percentile(self, value: float) -> int:
        """How many hundredths of the customers have less than this value, or as much: 0 to 99."""
        return bisect_right(self.values, value)

    def enters_at(self, percentile: int) -> float:
        """The value from which `percentile(value) >= percentile` holds; percentile from 1 to 99."""
        return self.values[percentile - 1]

    def leaves_below(self, percentile: int) -> float:
        """The value below which somebody for whom it held is out again: `band` hundredths lower."""
        return self.values[max(percentile - self.band, 1) - 1]
