"""The schedules of an offers.yaml: when an offer may be shown, by the clocks of the shop's zone."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo

from chassis.config.yaml_document import Entry
from rules.language.calendar import start_of
from services.offers.domain.schedules import WEEKDAYS, OpeningHours, Schedule, instant_in

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_HOURS = re.compile(r"([01]\d|2[0-3]):([0-5]\d)\s*-\s*(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
_SHORT = {name[:3]: name for name in WEEKDAYS}


def read_schedule(entry: Entry, zone: tzinfo) -> Schedule:
    """The schedule in `entry`; a day alone is a whole day, the last one of `until` included."""
    fields = entry.record(required=(), optional=("from", "until", "weekdays", "hours"))
    if not fields:
        entry.refuse("says nothing; give `from`, `until`, `weekdays` or `hours`, or remove it")
    begins_at = read_instant(fields["from"], zone, 0) if "from" in fields else None
    ends_at = read_instant(fields["until"], zone, 1) if "until" in fields else None
    if begins_at is not None and ends_at is not None and begins_at >= ends_at:
        fields["until"].refuse("must be after `from`")
    return Schedule(
        zone,
        begins_at,
        ends_at,
        _read_weekdays(fields["weekdays"]) if "weekdays" in fields else None,
        _read_hours(fields["hours"]) if "hours" in fields else None,
    )


def read_instant(entry: Entry, zone: tzinfo, days: int = 0) -> int:
    """An instant; for a day alone the beginning of the day that comes `days` after it."""
    text = entry.literal().strip()
    is_day = _DAY.fullmatch(text) is not None
    if not is_day and not _TIME.fullmatch(text):
        entry.refuse(f"`{text}` must be a day or a local time: 2026-12-24 or 2026-12-24 18:00")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # such as the 31st of June
        entry.refuse(f"`{text}` is not in the calendar")
    return start_of(moment.toordinal() + days, zone) if is_day else instant_in(zone, moment)


def _read_weekdays(entry: Entry) -> frozenset[int]:
    names = [item.choice((*WEEKDAYS, *_SHORT)) for item in entry.items()]
    if not names:
        entry.refuse("must name at least one day, such as `saturday`; else remove it")
    return frozenset(WEEKDAYS.index(_SHORT.get(name, name)) for name in names)


def _read_hours(entry: Entry) -> OpeningHours:
    match = _HOURS.fullmatch(entry.literal().strip())
    if match is None:
        entry.refuse("must be hours such as 09:00-17:30, or 22:00-02:00 over midnight")
    begins = int(match[1]) * 60 + int(match[2])
    ends = 24 * 60 if match[3] is None else int(match[3]) * 60 + int(match[4])
    if begins == ends:
        entry.refuse("begin and end at one time; remove them if the whole day is meant")
    return OpeningHours(begins, ends)
