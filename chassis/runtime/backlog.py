"""Above capacity: how many of the calls that wait in a service's queue are too many.

The queue is first in, first out, and drops what nobody waits for any more. A service that is asked
for more than it can do would take each call when its caller is about to give up, and answer nobody
in time. So it asks the broker, while it is busy, how many calls wait, and answers those at once for
which the others would wait too long. The queue alone says so: how long a call waited in it is known
to nobody, as the clocks of two machines are never compared.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import NamedTuple

_PAUSE_SECONDS = 0.025
_TARGET_SECONDS = 0.05
_LONGEST_SECONDS = 4 * _PAUSE_SECONDS
_FEWEST = 8  # calls for each replica that are never too many: a slow one judges by itself alone
_WEIGHT = 0.2  # of the newest reading, in the mean of how many calls are handled


class QueueLength(NamedTuple):
    """How many calls waited at an instant (s, monotonic)."""

    at: float
    waiting: int


class Backlog:
    """Says of each call that is taken from the queue whether it is one too many.

    Calls that wait are too many while they are more, in two readings one after the other, than all
    replicas handle in `target` seconds. A small burst is not: it is gone by the second.
    """

    def __init__(
        self, target: float = _TARGET_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._target = target
        self._clock = clock
        self._asked_at = float("-inf")
        self._last = QueueLength(float("-inf"), 0)
        self._handled = 0  # since the last reading
        self._rate = 0.0  # calls that this process handles in a second, while others wait
        self._too_many = 0

    def is_due(self) -> bool:
        """Whether to ask the broker now; the next time is a pause later."""
        now = self._clock()
        if now - self._asked_at < _PAUSE_SECONDS:
            return False
        self._asked_at = now
        return True

    def note_handled(self) -> None:
        """A call has been answered by a worker."""
        self._handled += 1

    def read(self, waiting: int, replicas: int) -> None:
        """Note how many calls wait in the queue, and how many processes take from it."""
        last, self._last = self._last, QueueLength(self._clock(), waiting)
        handled, self._handled = self._handled, 0
        self._too_many = 0
        seconds = self._last.at - last.at
        standing = min(waiting, last.waiting)
        if not standing or not 0 < seconds <= _LONGEST_SECONDS:
            return
        rate = handled / seconds
        self._rate += (_WEIGHT if self._rate else 1.0) * (rate - self._rate)
        if self._rate:
            may_wait = max(_FEWEST, self._target * self._rate)  # for each replica
            self._too_many = max(0, math.ceil(standing / max(replicas, 1) - may_wait))

    def take(self) -> bool:
        """Whether the next call is one too many; each that is makes them one fewer."""
        if not self._too_many:
            return False
        self._too_many -= 1
        return True
