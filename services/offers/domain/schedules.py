"""Schedules: when an offer may be shown, by the clocks of the shop's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

from rules.language.calendar import instant_of, local_time

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class OpeningHours:
    """From `begins` until before `ends`, in minutes of the local day.

    Hours that end at or before they begin go on over midnight; the rest of the night belongs to the
    weekday on which they began.
    """

    begins: int
    ends: int

    def day_of(self, moment: datetime) -> datetime | None:
        """A time of the local day to whose hours `moment` belongs; None outside all hours."""
        minute = moment.hour * 60 + moment.minute
        if self.begins < self.ends:
            return moment if self.begins <= minute < self.ends else None
        if minute >= self.begins:
            return moment
        return moment - _ONE_DAY if minute < self.ends else None


@dataclass(frozen=True, slots=True)
class Schedule:
    """From `begins_at` until before `ends_at` (µs), on some weekdays and at some hours of `zone`.

    What is None does not limit it; `weekdays` are numbers, of which 0 is Monday.
    """

    zone: tzinfo = UTC
    begins_at: int | None = None
    ends_at: int | None = None
    weekdays: frozenset[int] | None = None
    hours: OpeningHours | None = None

    def includes(self, now: int) -> bool:
        """Whether the instant `now` (µs) is in it."""
        if self.begins_at is not None and now < self.begins_at:
            return False
        if self.ends_at is not None and now >= self.ends_at:
            return False
        if self.weekdays is None and self.hours is None:
            return True
        moment = local_time(now, self.zone)
        day = self.hours.day_of(moment) if self.hours else moment
        return day is not None and (self.weekdays is None or day.weekday() in self.weekdays)

    def describe(self, now: int) -> str:
        """That the instant `now` is outside it, for people."""
        if self.ends_at is not None and now >= self.ends_at:
            return f"its schedule ended on {_show(local_time(self.ends_at, self.zone))}"
        if self.begins_at is not None and now < self.begins_at:
            return f"its schedule begins on {_show(local_time(self.begins_at, self.zone))}"
        return f"{_show(local_time(now, self.zone))} is outside the days and hours of its schedule"


def instant_in(zone: tzinfo, moment: datetime) -> int:
    """The instant (µs) at which clocks of the zone show `moment`, which has no zone.

    If they show it twice it is the first time; if they skip it, it is taken as if they had not yet
    been changed.
    """
    return instant_of(moment.replace(tzinfo=zone))


def _show(moment: datetime) -> str:
    return f"{WEEKDAYS[moment.weekday()].capitalize()}, {moment:%Y-%m-%d %H:%M} ({moment.tzinfo})"
