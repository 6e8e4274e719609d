"""Guard metrics: what an experiment must not make worse."""

from __future__ import annotations

from enum import StrEnum

from experimentation.intervals import Interval


class GuardVerdict(StrEnum):
    """`worse`: it is. `fine`: it is not by more than the margin. `unclear`: it may yet be."""

    WORSE = "worse"
    FINE = "fine"
    UNCLEAR = "unclear"


def guard_verdict(interval: Interval, margin: float, *, more_is_better: bool) -> GuardVerdict:
    """The verdict by the interval of variant less control; `margin` is the harm to be borne.

    The test of non-inferiority: fine if the interval lies wholly on the good side of the margin.
    """
    worst, best = interval.low, interval.high
    if not more_is_better:
        worst, best = -interval.high, -interval.low
    if best < 0:
        return GuardVerdict.WORSE
    return GuardVerdict.FINE if worst > -margin else GuardVerdict.UNCLEAR
