"""Samples: what is known of the shoppers of one variant."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """How many shoppers a variant has, and the mean and the variance of what each of them did.

    `freedom` is the degrees of freedom of the variance; None where it follows from the mean, as
    that of a proportion does.
    """

    units: int
    mean: float
    variance: float
    freedom: float | None = None

    @classmethod
    def of_proportion(cls, successes: int, units: int) -> Sample:
        """So many of the shoppers did it: each counts 1 or 0."""
        mean = successes / units if units else 0.0
        return cls(units, mean, mean * (1 - mean))

    @classmethod
    def of_sums(cls, units: int, total: float, total_of_squares: float) -> Sample:
        """By the sum of what the shoppers did and the sum of its squares."""
        mean = total / units if units else 0.0
        freedom = units - 1
        spread = max(total_of_squares - total * mean, 0.0)
        return cls(units, mean, spread / freedom if freedom > 0 else 0.0, freedom)

    @property
    def variance_of_mean(self) -> float:
        """The variance of the mean; 0 for nobody."""
        return self.variance / self.units if self.units else 0.0
