"""The calendar of a zone: dates and hours of instants in µs, exact when clocks change."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any

from chassis.core.instants import DAY, HOUR
from rules.fields import instant_or_none

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = -62_135_596_800_000_000 + 2 * DAY
_LAST = 253_402_300_799_999_999 - 2 * DAY
_MICROSECOND = timedelta(microseconds=1)
# A date, and perhaps a time without a zone, as databases export it.
_LOCAL = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?")
_YEARLESS = re.compile(r"(?:--|0000-)?(\d{2})-?(\d{2})")
_LEAP_YEAR = 4


def local_time(at: int, zone: tzinfo) -> datetime:
    """The time on the clocks of the zone; an instant outside the calendar is moved to its end."""
    moment = _EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))
    return moment.astimezone(zone)


def instant_of(moment: datetime) -> int:
    """The instant of a time with a zone."""
    return (moment - _EPOCH) // _MICROSECOND


def local_day(at: int, zone: tzinfo) -> int:
    """The date in the zone, as a proleptic Gregorian ordinal."""
    return local_time(at, zone).toordinal()


def start_of(day: int, zone: tzinfo) -> int:
    """The first instant at which the date in the zone is `day` or later.

    Where clocks go forward at midnight that is no midnight.
    """
    day = min(max(day, 3), date.max.toordinal() - 3)
    low = instant_of(datetime.fromordinal(day).replace(tzinfo=UTC)) - 2 * DAY
    high = low + 4 * DAY
    while high - low > 1:
        middle = (low + high) // 2
        if local_day(middle, zone) < day:
            low = middle
        else:
            high = middle
    return high


def next_boundary(at: int, zone: tzinfo, begin_of_next: Callable[[datetime], datetime]) -> int:
    """When a part of the local time, such as its hour, next may change.

    `begin_of_next` gives, for a time without a zone, when the next such part begins, at most a day
    later. If clocks change before that, it is the instant at which they do.
    """
    now = local_time(at, zone)
    offset = now.utcoffset()
    wall = now.replace(tzinfo=None)
    target = at + (begin_of_next(wall) - wall) // _MICROSECOND
    if local_time(target, zone).utcoffset() == offset:
        return target
    low, high = at, target
    while high - low > 1:
        middle = (low + high) // 2
        if local_time(middle, zone).utcoffset() == offset:
            low = middle
        else:
            high = middle
    return high


def next_hour(wall: datetime) -> datetime:
    """When the next hour begins."""
    return wall.replace(minute=0, second=0, microsecond=0) + timedelta(microseconds=HOUR)


def next_day(wall: datetime) -> datetime:
    """When the next day begins."""
    return _midnight(wall) + timedelta(days=1)


def _midnight(wall: datetime) -> datetime:
    return wall.replace(hour=0, minute=0, second=0, microsecond=0)


def day_of(value: Any, zone: tzinfo) -> int | None:
    """The date in a text such as "2026-11-21", or of an instant in `zone`; as an ordinal.

    A time of day without a zone is one of the shop.
    """
    if not isinstance(value, str):
        return None
    text = value.strip()
    if local := _LOCAL.fullmatch(text):
        try:
            return date.fromisoformat(local[1]).toordinal()
        except ValueError:
            return None
    at = instant_or_none(text)
    return None if at is None else local_day(at, zone)


def birthday_of(value: Any, zone: tzinfo) -> int | None:
    """The date of birth in a value, also without its year: "11-21", or "--11-21" as in vCards."""
    yearless = _YEARLESS.fullmatch(value.strip()) if isinstance(value, str) else None
    if yearless is None:
        return day_of(value, zone)
    try:
        return date(_LEAP_YEAR, int(yearless[1]), int(yearless[2])).toordinal()
    except ValueError:
        return None
