"""Instants: whole microseconds since 1970-01-01T00:00:00Z inside, RFC 3339 with a zone outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

from chassis.core.errors import InvalidInput

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR


def parse_instant(text: object, field: str = "time") -> int:
    """Microseconds since the epoch of an RFC 3339 text; else InvalidInput naming `field`."""
    if not isinstance(text, str):
        raise InvalidInput(field, "must be a text such as 2026-11-21T19:30:00Z")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidInput(field, "is no date and time; write it as 2026-11-21T19:30:00Z") from None
    if len(text) < len("2026-11-21T19:30"):
        raise InvalidInput(field, "has no time of day; write it as 2026-11-21T19:30:00Z")
    if moment.tzinfo is None:
        raise InvalidInput(field, "has no time zone; end it with Z or an offset such as +02:00")
    try:
        if moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
        return (moment - _EPOCH) // _MICROSECOND
    except OverflowError:
        raise InvalidInput(field, "is outside the years that can be stored") from None


@lru_cache(maxsize=1_000)  # what is recorded together carries the same instant
def format_instant(instant: int) -> str:
    """The RFC 3339 text, in UTC with six decimals, of microseconds since the epoch."""
    moment = _EPOCH + timedelta(microseconds=instant)
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
