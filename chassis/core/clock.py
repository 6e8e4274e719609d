"""The clock: an argument everywhere, so that tests and demos can set it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from chassis.core.instants import HOUR, SECOND, parse_instant

_TOLERANCE = SECOND
_RIGHT = SECOND // 5
# What the reference alone may correct.
_LARGEST_ALONE = HOUR
_LONGEST_ROUND_TRIP = SECOND // 2
# It counts while the machine sleeps, where there is such a clock.
_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class Clock(Protocol):
    """The source of the present instant."""

    def now(self) -> int:
        """Microseconds since the epoch, UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        return time.time_ns() // 1_000


@dataclass(slots=True)
class FixedClock:
    """A clock that stands at `at` (microseconds since the epoch) until it is set."""

    at: int

    def now(self) -> int:
        return self.at


@dataclass(slots=True)
class ArrivalClock:
    """When things come in, in microseconds: by a clock, and no two at one instant in a process."""

    clock: Clock
    _last: int = 0

    def next(self) -> int:
        """The instant of what comes in now; later than every one before."""
        self._last = max(self.clock.now(), self._last + 1)
        return self._last


def steady_microseconds() -> int:
    """Microseconds since some moment, by a clock that nobody sets."""
    return time.clock_gettime_ns(_STEADY) // 1_000


class CorrectedClock:
    """The machine's clock, corrected where most witnesses contradict it by more than a second.

    The witnesses are the reference (the database's clock), this clock, the clocks of other
    processes beside the same reference, and what was believed before, carried on by `steady`, which
    nobody sets: whichever of two clocks jumps is so found out. The middle one is believed. If the
    two in the middle are apart, it is the one nearer to what was believed before; at the start the
    reference, or this clock where they are more than an hour apart, since a correction as large
    needs a second witness.

    Between measurements what is believed goes on as steadily as `steady` does. Until the first
    measurement it is `clock`. What is once corrected is until it is right to a fifth of a second.
    """

    def __init__(self, clock: Clock, steady: Callable[[], int] = steady_microseconds) -> None:
        self._clock = clock
        self._steady = steady
        # Of the reference and of what is believed, from the steady clock.
        self._reference: int | None = None
        self._believed: int | None = None
        self._corrects = False

    def now(self) -> int:
        machine = self._clock.now()
        if self._believed is None:
            return machine
        error = machine - self._steady() - self._believed
        self._corrects = abs(error) > (_RIGHT if self._corrects else _TOLERANCE)
        return machine - error if self._corrects else machine

    def skew(self) -> int:
        """How many microseconds the clock is ahead of the reference; 0 before a measurement."""
        if self._reference is None:
            return 0
        return self._clock.now() - self._steady() - self._reference

    def is_corrected(self) -> bool:
        """Whether `now` is not what the clock says."""
        self.now()
        return self._corrects

    def is_disputed(self) -> bool:
        """Whether the clock differs from the reference by more than a second."""
        return abs(self.skew()) > _TOLERANCE

    def measure(self, ask: Callable[[], int], others: Sequence[int] = ()) -> None:
        """Ask the reference, whose `ask` says microseconds since the epoch.

        `others` says how many microseconds the clocks of other processes are ahead of it. It is
        taken to have looked halfway through. What took long says little, and is ignored.
        """
        asked = self._steady()
        there = ask()
        answered = self._steady()
        if answered - asked > _LONGEST_ROUND_TRIP:
            return
        reference = self._reference = there - (asked + answered) // 2
        before = None if self._believed is None else self._believed - reference
        ahead = middle_skew(self.skew(), before, others)
        alone = before is None and not others and abs(ahead) > _LARGEST_ALONE
        self._believed = None if alone else reference + ahead


def middle_skew(own: int, before: int | None, others: Sequence[int]) -> int:
    """How far what most witnesses say is ahead of the reference, all in microseconds.

    `own` is this clock, and `before` what was believed before, None for nothing.
    """
    skews = sorted([0, own, *others, *([] if before is None else [before])])
    low, high = skews[(len(skews) - 1) // 2], skews[len(skews) // 2]
    at_the_start = 0 if high - low <= _LARGEST_ALONE else own
    preferred = at_the_start if before is None else before
    return min(low, high, key=lambda skew: abs(skew - preferred))


def corrected(clock: Clock) -> Clock:
    """`clock`, to be corrected if it is the machine's; one that stands still has no reference."""
    return CorrectedClock(clock) if isinstance(clock, SystemClock) else clock


def clock_from(text: str) -> Clock:
    """The clock that a setting asks for: "system", or an RFC 3339 instant to stand at."""
    return SystemClock() if text == "system" else FixedClock(parse_instant(text, "CDP_CLOCK"))
