"""Admission: whether a process can make one more decision in time, or answers it at once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

_WEIGHT = 0.1  # of the newest decision, in the mean of how long one takes
_LONGEST = 1.0  # seconds: what took longer says that something was wrong, and not for how long


class Admission:
    """Counts the decisions under way, up to `capacity`, and how long each of them takes.

    One that would come too late for its shopper is not begun: those under way would be later by it.
    """

    def __init__(self, capacity: int) -> None:
        self.under_way = 0
        self._capacity = capacity
        self._seconds = 0.0  # that one decision would take alone
        self._shared = 0.0  # seconds that each has had for itself, as all under way share the time
        self._counted_at = time.monotonic()

    def is_open(self) -> bool:
        """Whether fewer are under way than there may be."""
        return self.under_way < self._capacity

    def has_room(self, seconds: float) -> bool:
        """Whether one more is ready within so many seconds; the only one is always tried."""
        if not self.is_open():
            return False
        return self.under_way == 0 or (self.under_way + 1) * self._seconds <= seconds

    @contextmanager
    def turn(self, *, is_typical: bool = False) -> Iterator[None]:
        """While a decision is under way; a typical one waits for nothing but the database."""
        began = self._count(1)
        ended = None
        try:
            yield
            ended = self._count(-1)
        finally:
            if ended is None:
                self._count(-1)
        if is_typical:
            self._seconds += _WEIGHT * (min(ended - began, _LONGEST) - self._seconds)

    def _count(self, change: int) -> float:
        """Change how many are under way; the seconds that one has had that was there all along."""
        now = time.monotonic()
        if self.under_way:
            self._shared += (now - self._counted_at) / self.under_way
        self._counted_at = now
        self.under_way += change
        return self._shared
