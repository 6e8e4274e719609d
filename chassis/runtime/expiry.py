"""When a call is past its time: it is dropped before any work, since nobody waits for it any more.

The clocks of two machines are never compared. Of a call's lifetime, which its sender states as a
duration, each part is measured where it passes:

1. In the queue, by the broker: the message's `expiration`, and at most `CALL_SECONDS` by policy.
   A call that is given back keeps the instant at which it expires there. It is a little before the
   sender gives up: what leaves a full queue in the last moment would be answered for nobody.
2. In the process, by its monotonic clock, from receipt until a worker begins.
3. A process that stood still (frozen, or busy with something else) cannot know when what it reads
   afterwards arrived. So it asks the broker something on the same channel, and gives back what was
   delivered before the response and not yet begun: the broker drops what is past its time, and
   delivers the rest again, perhaps to another replica.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from chassis.messaging.exchanges import CALL_SECONDS

STALL_SECONDS = 1.0
_TO_ANSWER_SECONDS = 0.1

_SENT_AT, _EXPIRES_AT = "sent_at", "expires_at"
EXPIRY_HEADERS = frozenset({_SENT_AT, _EXPIRES_AT})


def expiry_headers(seconds: float) -> dict[str, int]:
    """The headers of a call for whose response its sender waits `seconds`: µs by its own clock."""
    now = time.time_ns() // 1_000
    return {_SENT_AT: now, _EXPIRES_AT: now + int(seconds * 1_000_000)}


def seconds_in_queue(seconds: float) -> float:
    """How long a call may wait in the queue whose sender waits `seconds`: a tenth of a second less,
    or half of a short time."""
    return seconds - min(_TO_ANSWER_SECONDS, seconds / 2)


def lifetime(headers: Mapping[str, Any], expiration: object = None) -> float:
    """The seconds for which a call's sender waits: by its headers, else by the `expiration` of its
    message (text, ms), else CALL_SECONDS."""
    sent, expires = headers.get(_SENT_AT), headers.get(_EXPIRES_AT)
    if isinstance(sent, int) and isinstance(expires, int) and expires > sent:
        return (expires - sent) / 1_000_000
    if isinstance(expiration, str) and expiration.isdecimal():
        return int(expiration) / 1_000
    return CALL_SECONDS


class StallDetector:
    """Notices that the process stood still: `turn` is called again and again as long as it runs.

    `ended_at` is when it last did so for longer than `seconds`, by `clock`.
    """

    def __init__(
        self, seconds: float = STALL_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ended_at = float("-inf")
        self._seconds = seconds
        self._clock = clock
        self._last = clock()

    def turn(self) -> None:
        """Note that the process runs, and when it began to run again if it stood still."""
        now = self._clock()
        if now - self._last > self._seconds:
            self.ended_at = now
        self._last = now
