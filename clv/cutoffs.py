"""The values that divide customers into hundredths, as published with a fit."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from clv.quadrature import Array

BAND = 5
"""Hysteresis, in hundredths: who is in stays in until they are that far below the bound."""


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """`values[n - 1]` is what n hundredths of the customers do not exceed, for n from 1 to 100."""

    values: Sequence[float]
    band: int = BAND

    @classmethod
    def of(cls, values: Array, band: int = BAND) -> Cutoffs:
        """The cut-offs of the values of all customers, at least one."""
        found = np.percentile(values, np.arange(1, 101), method="inverted_cdf")
        return cls(tuple(float(each) for each in found), band)

    def at(self, percent: float) -> float:
        """The value that so many percent do not exceed; between two hundredths, in between.

        At 0 percent it is 0, which every value reaches.
        """
        return float(np.interp(percent, np.arange(101), (0.0, *self.values)))

    def percentile(self, value: float) -> int:
        """How many hundredths of the customers have less than this value, or as much."""
        return bisect_right(self.values, value)
