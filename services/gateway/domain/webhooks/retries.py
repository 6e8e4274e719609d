"""When a delivery is tried again that could not be recorded."""

from __future__ import annotations

from hashlib import blake2b

from chassis.core.instants import MINUTE, SECOND

LONGEST_PAUSE = 30 * MINUTE
"""Between tries of a delivery that fails while others are recorded."""

LONGEST_OUTAGE_PAUSE = MINUTE
"""Between tries while nothing is recorded: it may be no fault of the delivery."""

_FIRST_PAUSE = 5 * SECOND
_MOST_DOUBLINGS = 20
_PARTS = 256


def pause_before_retry(delivery_id: str, tries: int, longest: int = LONGEST_PAUSE) -> int:
    """How long (µs) a delivery waits after its try of this number, from 1.

    Twice as long as after the one before, up to `longest`. A part of up to a half is left out,
    which is another one for each delivery and try, so that not all come back at once.
    """
    pause = min(longest, _FIRST_PAUSE << min(tries - 1, _MOST_DOUBLINGS))
    (part,) = blake2b(f"{delivery_id}:{tries}".encode(), digest_size=1).digest()
    return pause - pause * part // (2 * _PARTS)
