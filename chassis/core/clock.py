"""The clock: an argument everywhere, so that tests and demos can set it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol

from chassis.core.instants import parse_instant


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


def clock_from(text: str) -> Clock:
    """The clock that a setting asks for: "system", or an RFC 3339 instant to stand at."""
    return SystemClock() if text == "system" else FixedClock(parse_instant(text, "CDP_CLOCK"))
