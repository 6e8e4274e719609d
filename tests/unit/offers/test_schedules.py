"""When offers may be shown, by the clocks of the shop's zone."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput, parse_instant
from services.offers.configuration import read_catalogue
from services.offers.domain.schedules import Schedule

FILE = """\
zone: Europe/Berlin
placements:
  checkout:
    slots:
      banner: {fallback: {title: Nothing}}
offers:
  - {id: hello, version: 1, slots: [checkout.banner], priority: 20, requires: any,
     schedule: SCHEDULE, content: {title: Hello}}
"""


def schedule(text: str, zone: str = "Europe/Berlin") -> Schedule:
    catalogue = read_catalogue(FILE.replace("SCHEDULE", text).replace("Europe/Berlin", zone))
    (offer,) = catalogue.placements["checkout"]["banner"].offers
    assert offer.schedule is not None
    return offer.schedule


def at(text: str, offset: str = "+01:00") -> int:
    return parse_instant(f"{text}:00{offset}")


def test_from_and_until_are_whole_days_of_the_shop() -> None:
    advent = schedule("{from: 2026-12-01, until: 2026-12-24}")
    assert not advent.includes(at("2026-11-30T23:59"))
    assert advent.includes(at("2026-12-01T00:00"))
    assert advent.includes(at("2026-12-24T23:59"))
    assert not advent.includes(at("2026-12-25T00:00"))


def test_a_time_ends_a_schedule_at_that_minute() -> None:
    sale = schedule('{from: "2026-11-27 08:00", until: 2026-11-27T20:00}')
    instants = [at(f"2026-11-27T{time}") for time in ("07:59", "08:00", "19:59", "20:00")]
    assert [sale.includes(instant) for instant in instants] == [False, True, True, False]


def test_days_of_the_week_and_hours_are_those_of_the_shop() -> None:
    weekend = schedule("{weekdays: [sat, sunday]}")
    assert weekend.includes(parse_instant("2026-11-27T23:30:00Z"))  # Saturday in Berlin
    assert not weekend.includes(parse_instant("2026-11-29T23:30:00Z"))  # Monday there
    office = schedule('{hours: "09:00-17:30"}')
    assert office.includes(at("2026-07-01T17:29", "+02:00"))
    assert not office.includes(at("2026-07-01T17:30", "+02:00"))
    assert not office.includes(at("2026-07-01T08:59", "+02:00"))


def test_a_night_belongs_to_the_day_on_which_it_began() -> None:
    night = schedule('{weekdays: [friday], hours: "22:00-02:00"}')
    assert night.includes(at("2026-11-27T22:00"))
    assert night.includes(at("2026-11-28T01:59"))
    assert not night.includes(at("2026-11-28T02:00"))
    assert not night.includes(at("2026-11-27T01:00"))


def test_a_day_ends_at_midnight() -> None:
    evening = schedule('{hours: "18:00-24:00"}')
    assert evening.includes(at("2026-11-27T23:59"))
    assert not evening.includes(at("2026-11-28T00:00"))


def test_a_time_that_clocks_skip_or_show_twice_is_an_instant() -> None:
    skipped = schedule('{from: "2026-03-29 02:30"}')  # clocks go from 2:00 to 3:00
    assert skipped.includes(at("2026-03-29T03:30", "+02:00"))
    assert not skipped.includes(at("2026-03-29T03:29", "+02:00"))
    twice = schedule('{from: "2026-10-25 02:30"}')  # they go from 3:00 to 2:00
    assert twice.includes(at("2026-10-25T02:30", "+02:00"))


def test_a_schedule_says_why_it_is_not_now() -> None:
    assert schedule("{until: 2026-11-26}").describe(at("2026-11-27T12:00")) == (
        "its schedule ended on Friday, 2026-11-27 00:00 (Europe/Berlin)"
    )
    assert schedule("{from: 2026-11-28}").describe(at("2026-11-27T12:00")) == (
        "its schedule begins on Saturday, 2026-11-28 00:00 (Europe/Berlin)"
    )
    assert schedule("{weekdays: [monday]}").describe(at("2026-11-27T12:00")) == (
        "Friday, 2026-11-27 12:00 (Europe/Berlin) is outside the days and hours of its schedule"
    )


@given(
    st.integers(946_684_800, 2_208_988_800),
    st.sampled_from(["Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Asia/Kolkata"]),
)
def test_every_instant_is_in_the_hours_or_in_those_that_they_leave_out(
    second: int, zone: str
) -> None:
    now = second * 1_000_000
    day, night = schedule('{hours: "06:00-22:00"}', zone), schedule('{hours: "22:00-06:00"}', zone)
    assert day.includes(now) != night.includes(now)
    hour = datetime.fromtimestamp(second, ZoneInfo(zone)).hour
    assert day.includes(now) == (6 <= hour < 22)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("{}", "says nothing"),
        ("{from: yesterday}", "2026-12-24 18:00"),
        ("{from: 2026-06-31}", "not in the calendar"),
        ("{from: 2026-12-24, until: 2026-12-23}", "after `from`"),
        ("{weekdays: []}", "at least one day"),
        ("{weekdays: [sonntag]}", "sunday"),
        ("{hours: 9-17}", "09:00-17:30"),
        ('{hours: "09:00-09:00"}', "whole day"),
        ("{hour: 9}", "did you mean `hours`?"),
    ],
)
def test_a_mistake_in_a_schedule_is_refused_with_the_fix(text: str, fix: str) -> None:
    with pytest.raises(InvalidInput, match=r"line 8") as refused:
        schedule(text)
    assert fix in refused.value.message
    assert refused.value.subject.startswith("offers[0].schedule")


def test_a_zone_that_does_not_exist_is_refused() -> None:
    with pytest.raises(InvalidInput, match="Europe/Berlin"):
        schedule("{from: 2026-12-01}", "Mars")
