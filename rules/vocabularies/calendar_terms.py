"""Terms of the calendar in the shop's zone: the day, its parts, and dates of shoppers."""
# ruff: noqa: ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from chassis.core.instants import DAY
from rules.language.calendar import (
    birthday_of,
    day_of,
    local_day,
    local_time,
    next_boundary,
    next_day,
    next_hour,
    start_of,
)
from rules.language.curves import Trend
from rules.language.data import Path
from rules.language.reads import Reads
from rules.language.shop import ShopContext
from rules.language.terms import Kind, Term
from rules.language.units import describe_duration
from rules.language.vocabulary import reach
from rules.language.windows import earliest
from rules.summary.summary import Summary

_YEAR = 366  # days, with a 29th of February
WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _part(
    kind: Kind,
    label: str,
    part: Callable[[datetime], Any],
    begin_of_next: Callable[[datetime], datetime],
    limits: tuple[int, int] | None = None,
) -> Callable[[ShopContext], Term[Summary]]:
    """A part of the local time, such as its hour."""

    def make(shop: ShopContext) -> Term[Summary]:
        return Term(
            kind,
            label,
            lambda summary, now: part(local_time(now, shop.zone)),
            missable=False,
            step=lambda summary, now: next_boundary(now, shop.zone, begin_of_next),
            range=limits,
            choices=frozenset(WEEKDAYS) if kind is Kind.TEXT else frozenset(),
        )

    return make


def _today(shop: ShopContext) -> Term[Summary]:
    return Term(
        Kind.DATE,
        "today",
        lambda summary, now: local_day(now, shop.zone),
        missable=False,
        trend=Trend.MONOTONE,
        step=lambda summary, now: None,
    )


CALENDAR = {
    "weekday": _part(
        Kind.TEXT, "the day of the week", lambda local: WEEKDAYS[local.weekday()], next_day
    ),
    "month": _part(Kind.NUMBER, "the month", lambda local: local.month, next_day, (1, 12)),
    "day": _part(Kind.NUMBER, "the day of the month", lambda local: local.day, next_day, (1, 31)),
    "hour": _part(Kind.NUMBER, "the hour", lambda local: local.hour, next_hour, (0, 23)),
    "today": _today,
}


def trait_date(path: Path, shop: ShopContext) -> Term[Summary]:
    """The date that a trait says."""
    name, words = path[0], ".".join(path)
    return Term(
        Kind.DATE,
        f"the date of the trait {words}",
        lambda summary, now: _day_of_trait(summary, path, shop, now),
        step=lambda summary, now: summary.next_trait(name, now),
        reads=Reads(traits=frozenset({name})),
    )


def days_until(path: Path, shop: ShopContext) -> Term[Summary]:
    """How many days from today to the date that a trait says; negative after it."""

    def read(summary: Summary, now: int) -> int | None:
        day = _day_of_trait(summary, path, shop, now)
        return None if day is None else day - local_day(now, shop.zone)

    return Term(
        Kind.NUMBER,
        f"the number of days until the trait {'.'.join(path)}",
        read,
        trend=Trend.MONOTONE,
        step=lambda summary, now: summary.next_trait(path[0], now),
        reads=Reads(traits=frozenset({path[0]})),
    )


def birthday(path: Path = ("birthday",), within: int = DAY, *, shop: ShopContext) -> Term[Summary]:
    """Whether a birthday is today or one of the next days; the 29th of February is the 28th."""
    if within % DAY:
        raise ValueError('a birthday is within whole days: write within="7d"')
    days = within // DAY
    if days > _YEAR:
        raise ValueError('a birthday comes every year: write within="366d" or less')

    def upcoming(summary: Summary, now: int) -> tuple[int, int] | None:
        """Today, and the next birthday from today on."""
        born = birthday_of(reach(summary.trait(path[0], now), path[1:]), shop.zone)
        if born is None:
            return None
        today = local_day(now, shop.zone)
        return today, _anniversary(date.fromordinal(born), date.fromordinal(today))

    def read(summary: Summary, now: int) -> bool:
        found = upcoming(summary, now)
        return found is not None and found[1] - found[0] < days

    def step(summary: Summary, now: int) -> int | None:
        turn = None
        # The next one is never more than a year ahead: each year would be looked at in vain.
        found = upcoming(summary, now) if days < _YEAR else None
        if found is not None:
            today, coming = found
            begins = coming - days + 1
            turn = start_of(begins if begins > today else coming + 1, shop.zone)
        return earliest(turn, summary.next_trait(path[0], now))

    words = "" if path == ("birthday",) else f" of the trait {'.'.join(path)}"
    when = "is today" if days == 1 else f"is today or within {describe_duration(within)}"
    return Term(
        Kind.TRUTH,
        f"a birthday{words} that {when}",
        read,
        missable=False,
        step=step,
        reads=Reads(traits=frozenset({path[0]})),
    )


def _day_of_trait(summary: Summary, path: Path, shop: ShopContext, now: int) -> int | None:
    return day_of(reach(summary.trait(path[0], now), path[1:]), shop.zone)


def _anniversary(born: date, today: date) -> int:
    """The first birthday that is not before today, as an ordinal."""
    return next(
        day
        for year in (today.year, today.year + 1)
        if (day := _birthday_in(born, min(year, date.max.year))) >= today.toordinal()
        or year > today.year
    )


def _birthday_in(born: date, year: int) -> int:
    try:
        return born.replace(year=year).toordinal()
    except ValueError:  # the 29th of February
        return date(year, 2, 28).toordinal()
