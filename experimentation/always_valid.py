"""Always-valid intervals: they may be looked at after every shopper, and the test ended at will.

The asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas (2024),
Time-uniform central limit theory and asymptotic confidence sequences, Annals of Statistics 52(6),
equation (4): the normal mixture that the mixture sequential probability ratio test of Johari,
Koomen, Pekelis & Walsh (2022), Always Valid Inference, Operations Research 70(3), inverts, too.
"""

from __future__ import annotations

from math import log, sqrt

from experimentation.effects import Effect
from experimentation.intervals import EVERYTHING, LEVEL, Interval


def peeking_bound(units: int, planned_units: int, level: float = LEVEL) -> float:
    """How many standard errors to each side hold the truth at every look, with `level`.

    It is tightest around `planned_units`, which must be said beforehand, and holds whatever they
    are. At `planned_units` and 95 percent it is 3.04, where a single look has 1.96.
    """
    if units <= 0:
        return EVERYTHING.high
    surprise = -2 * log(1 - level)
    # What makes the sequence tightest at the planned size: section B.2 of the paper, ρ² times t.
    scaled = (surprise + log(surprise + 1)) * units / planned_units
    return sqrt((scaled + 1) / scaled * (surprise + log(scaled + 1)))


def always_valid(effect: Effect, units: int, planned_units: int, level: float = LEVEL) -> Interval:
    """The interval of an effect of `units` shoppers, those of both variants together."""
    if effect.variance == 0:
        return EVERYTHING
    half_width = peeking_bound(units, planned_units, level) * sqrt(effect.variance)
    return Interval.around(effect.estimate, half_width)
