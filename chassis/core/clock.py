"""The clock: an argument everywhere, so that tests and demos can set it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from chassis.core.instants import SECOND, parse_instant

_TOLERANCE = SECOND
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


def steady_microseconds() -> int:
    """Microseconds since some moment, by a clock that nobody sets."""
    return time.clock_gettime_ns(_STEADY) // 1_000


class CorrectedClock:
    """A clock that is corrected where it is more than a second off a reference.

    Between measurements the reference goes on as steadily as `steady` does: when somebody sets
    `clock` wrong, `now` follows the reference at once. Until the first measurement it is `clock`.
    """

    def __init__(self, clock: Clock, steady: Callable[[], int] = steady_microseconds) -> None:
        self._clock = clock
        self._steady = steady
        self._offset: int | None = None  # of the reference from the steady clock

    def now(self) -> int:
        return self._clock.now() - (self.skew() if self.is_wrong() else 0)

    def skew(self) -> int:
        """How many microseconds the clock is ahead of the reference; 0 before a measurement."""
        if self._offset is None:
            return 0
        return self._clock.now() - self._offset - self._steady()

    def is_wrong(self) -> bool:
        """Whether the clock is corrected."""
        return abs(self.skew()) > _TOLERANCE

    def measure(self, ask: Callable[[], int]) -> None:
        """Ask the reference, whose `ask` says microseconds since the epoch.

        It is taken to have looked halfway through. What took long says little, and is ignored.
        """
        asked = self._steady()
        there = ask()
        answered = self._steady()
        if answered - asked <= _LONGEST_ROUND_TRIP:
            self._offset = there - (asked + answered) // 2


def corrected(clock: Clock) -> Clock:
    """`clock`, to be corrected if it is the machine's; one that stands still has no reference."""
    return CorrectedClock(clock) if isinstance(clock, SystemClock) else clock


def clock_from(text: str) -> Clock:
    """The clock that a setting asks for: "system", or an RFC 3339 instant to stand at."""
    return SystemClock() if text == "system" else FixedClock(parse_instant(text, "CDP_CLOCK"))
