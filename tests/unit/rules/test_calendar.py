"""Dates and clocks in the shop's zone, exact where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import DAY, HOUR, MINUTE
from chassis.core.instants import parse_instant
from rules import SEGMENT_VOCABULARY, ShopContext, Summary, Verdict, compile_rule
from rules.language.calendar import (
    local_day,
    local_time,
    next_boundary,
    next_day,
    next_hour,
    start_of,
)

RIGA, NEW_YORK = ZoneInfo("Europe/Riga"), ZoneInfo("America/New_York")
ZONES = [
    ZoneInfo(name)
    for name in (
        "UTC",
        "Europe/Riga",
        "America/New_York",
        "America/Sao_Paulo",
        "America/St_Johns",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "Africa/Casablanca",
        "Asia/Beirut",
    )
]


def shopper(**traits: Any) -> Summary:
    summary = Summary()
    summary.add("traits_changed", {"traits": traits}, 0, "t")
    return summary


def verdict(text: str, now: str, zone: tzinfo = UTC, **traits: Any) -> tuple[bool, str | None]:
    rule = compile_rule(text, SEGMENT_VOCABULARY, ShopContext(zone))
    value, at = rule.evaluate(shopper(**traits), parse_instant(now))
    if at is None:
        return value, None
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return value, moment.isoformat().replace("+00:00", "Z")


def test_a_weekend_begins_and_ends_at_midnight_in_the_shop() -> None:
    text = 'weekday in ["saturday", "sunday"]'
    assert verdict(text, "2026-11-27T12:00:00Z", RIGA) == (False, "2026-11-27T22:00:00Z")
    assert verdict(text, "2026-11-28T12:00:00Z", RIGA) == (True, "2026-11-29T22:00:00Z")


def test_the_hour_that_comes_twice_lasts_for_two_hours() -> None:
    text = "hour == 3"  # clocks go from 04:00 back to 03:00, at 01:00 UTC
    assert verdict(text, "2026-10-24T23:30:00Z", RIGA) == (False, "2026-10-25T00:00:00Z")
    assert verdict(text, "2026-10-25T00:00:00Z", RIGA) == (True, "2026-10-25T02:00:00Z")


def test_the_hour_that_is_left_out_never_comes() -> None:
    text = "hour == 3"  # clocks go from 03:00 to 04:00
    assert verdict(text, "2026-03-28T12:00:00Z", RIGA) == (False, "2026-03-30T00:00:00Z")
    assert verdict("hour >= 4", "2026-03-29T00:30:00Z", RIGA) == (False, "2026-03-29T01:00:00Z")


def test_a_month_and_a_day_of_it_come_where_the_shop_is() -> None:
    assert verdict("month == 12", "2026-11-26T00:00:00Z", NEW_YORK) == (
        False,
        "2026-12-01T05:00:00Z",
    )
    assert verdict("day == 31", "2026-11-01T00:00:00Z") == (False, "2026-12-31T00:00:00Z")


def test_today_is_compared_with_dates() -> None:
    text = 'today >= "2026-11-27"'
    assert verdict(text, "2026-11-20T00:00:00Z", RIGA) == (False, "2026-11-26T22:00:00Z")
    assert verdict(text, "2026-11-27T00:00:00Z", RIGA) == (True, None)
    assert verdict('today == "2026-11-27"', "2020-01-01T00:00:00Z") == (
        False,
        "2026-11-27T00:00:00Z",
    )


def test_days_until_a_date_fall_at_midnight_however_far_it_is() -> None:
    text = "0 <= days_until(traits.renewal) and days_until(traits.renewal) <= 7"
    assert verdict(text, "2026-11-01T00:00:00Z", RIGA, renewal="2036-12-24") == (
        False,
        "2036-12-16T22:00:00Z",
    )
    assert verdict(
        "days_until(traits.contract.ends) == 0",
        "2026-11-26T21:30:00Z",
        RIGA,
        contract={"ends": "2026-11-26T23:30:00+02:00"},
    ) == (True, "2026-11-26T22:00:00Z")


@pytest.mark.parametrize("renewal", ["soon", "2026-13-01", 7, None, "2026-11-26T", ["2026-11-26"]])
def test_what_is_no_date_is_missing(renewal: Any) -> None:
    for text in ("days_until(traits.renewal) == None", "date(traits.renewal) == None"):
        assert verdict(text, "2026-11-26T00:00:00Z", renewal=renewal) == (True, None)
    assert verdict("birthday(traits.renewal)", "2026-11-26T00:00:00Z", renewal=renewal)[0] is False


def test_a_date_of_a_trait_is_compared_with_another_and_with_today() -> None:
    traits: Any = {"begin": "2026-11-20", "end": "2026-11-28"}
    text = "date(traits.begin) <= today and today <= date(traits.end)"
    assert verdict(text, "2026-11-26T00:00:00Z", RIGA, **traits) == (True, "2026-11-28T22:00:00Z")
    assert verdict(
        "date(traits.end) - date(traits.begin) == 8", "2026-11-26T00:00:00Z", **traits
    ) == (
        True,
        None,
    )
    assert verdict('date(traits.end) - "2026-11-20" == 8', "2026-11-26T00:00:00Z", **traits)[0]


def test_a_birthday_is_near_from_its_first_day_on_until_it_is_over() -> None:
    text = 'birthday(within="7d")'
    born: Any = {"birthday": "1990-01-03"}
    assert verdict(text, "2026-12-01T00:00:00Z", RIGA, **born) == (False, "2026-12-27T22:00:00Z")
    assert verdict(text, "2026-12-28T00:00:00Z", RIGA, **born) == (True, "2027-01-03T22:00:00Z")
    assert verdict("birthday()", "2027-01-03T12:00:00Z", RIGA, **born) == (
        True,
        "2027-01-03T22:00:00Z",
    )
    assert verdict("birthday(traits.child)", "2027-01-03T12:00:00Z", child="2020-01-03")[0]


def test_a_birthday_within_a_year_is_always_near_and_never_waited_for() -> None:
    born: Any = {"birthday": "2000-02-29"}
    assert verdict('birthday(within="366d")', "2027-03-01T00:00:00Z", **born) == (True, None)
    ended = verdict('birthday(within="365d")', "2027-02-28T12:00:00Z", **born)
    assert ended == (True, "2027-03-01T00:00:00Z")


def test_who_was_born_on_a_leap_day_has_a_birthday_each_year() -> None:
    born: Any = {"birthday": "2000-02-29"}
    assert verdict("birthday()", "2027-01-01T00:00:00Z", **born) == (False, "2027-02-28T00:00:00Z")
    assert verdict("birthday()", "2028-02-01T00:00:00Z", **born) == (False, "2028-02-29T00:00:00Z")


@pytest.mark.parametrize(
    "born",
    [
        "1990-11-27",
        " 1990-11-27 ",
        "1990-11-27 00:00:00",
        "1990-11-27T00:00:00.000",
        "11-27",
        "--11-27",
        "--1127",
        "0000-11-27",
    ],
)
def test_a_birthday_is_read_as_shops_export_it(born: str) -> None:
    assert verdict("birthday()", "2026-11-26T12:00:00Z", RIGA, birthday=born) == (
        False,
        "2026-11-26T22:00:00Z",
    )
    assert verdict("birthday()", "2026-11-27T12:00:00Z", RIGA, birthday=born)[0]


@pytest.mark.parametrize("born", ["11/12/1990", "13-40", "1990-02-30", "27", 27, None, ""])
def test_what_may_be_another_date_is_no_birthday(born: Any) -> None:
    assert verdict('birthday(within="366d")', "2026-11-27T12:00:00Z", birthday=born) == (
        False,
        None,
    )


def test_a_date_without_a_year_is_a_birthday_alone() -> None:
    text = 'date(traits.birthday) < "2000-01-01"'
    assert verdict(text, "2026-11-27T12:00:00Z", birthday="1990-11-27 00:00:00")[0]
    assert not verdict(text, "2026-11-27T12:00:00Z", birthday="11-27")[0]


def test_a_birthday_at_the_end_of_time_comes_no_more() -> None:
    for text in ("birthday()", "hour == 3", 'today < "2026-01-01"', "days_until(traits.x) > 0"):
        rule = compile_rule(text, SEGMENT_VOCABULARY, ShopContext(RIGA))
        for now in (-(10**18), 10**18, parse_instant("9999-12-31T23:00:00Z")):
            rule.evaluate(shopper(birthday="1990-06-01", x="9999-12-31"), now)


def test_a_birthday_longer_than_a_year_is_refused() -> None:
    for within, message in (("400d", "comes every year"), ("36h", "whole days")):
        with pytest.raises(Exception, match=message):
            compile_rule(f'birthday(within="{within}")', SEGMENT_VOCABULARY)


@given(st.sampled_from(ZONES), st.integers(0, 80 * 365 * 24), st.integers(-1, 1))
def test_between_two_boundaries_the_hour_and_the_date_stay_the_same(
    zone: tzinfo, hours: int, edge: int
) -> None:
    now = hours * HOUR + edge
    for begin_of_next, part in ((next_hour, "hour"), (next_day, "day")):
        end = next_boundary(now, zone, begin_of_next)
        assert now < end <= now + 2 * DAY
        same = {getattr(local_time(at, zone), part) for at in range(now, end, 5 * MINUTE)}
        assert same | {getattr(local_time(end - 1, zone), part)} == same
        assert len(same) == 1


@given(st.sampled_from(ZONES), st.integers(719_163, 750_000))
def test_a_day_begins_with_its_first_instant(zone: tzinfo, day: int) -> None:
    begin = start_of(day, zone)
    assert local_day(begin - 1, zone) < day <= local_day(begin, zone)


def test_a_day_whose_midnight_is_left_out_begins_an_hour_later() -> None:
    day = datetime(2018, 11, 4).toordinal()  # noqa: DTZ001 - the date alone
    begin = start_of(day, ZoneInfo("America/Sao_Paulo"))
    assert begin == parse_instant("2018-11-04T03:00:00Z")
    rule = compile_rule(
        'count("x", since="2018-11-04") == 0',
        SEGMENT_VOCABULARY,
        ShopContext(ZoneInfo("America/Sao_Paulo")),
    )
    assert rule.evaluate(Summary(), begin) == Verdict(True, None)
