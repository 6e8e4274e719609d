"""A line of which parts were loaded says what it knows, and of anything else that it is missing."""

from __future__ import annotations

from itertools import takewhile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.identity.domain.state import BEGINNING, DeviceLine, Incomplete, Period

TIMES = st.lists(st.integers(0, 30), min_size=1, unique=True).map(sorted)
MOMENTS = st.lists(st.tuples(st.integers(-1, 31), st.integers(1, 3)))


def period(time: int) -> Period:
    return Period("device_id:a", time, f"s{time}")


def loaded(times: list[int], newest: int, moments: list[tuple[int, int]]) -> DeviceLine:
    """A line with so many of the newest periods, and those around moments: a time and a reach."""
    line = DeviceLine("device_id:a")
    for time in times[-newest:]:
        line.put(period(time))
    for moment, reach in moments:
        begun = [time for time in times if time <= moment]
        later = [time for time in times if time > moment]
        for time in (*begun[-reach:], *later[:reach]):
            line.put(period(time))
    line.knows([("device_id:a", *moment) for moment in moments], newest)
    return line


@given(TIMES, st.integers(1, 3), MOMENTS, st.integers(-1, 31))
def test_a_part_of_a_line_says_what_the_whole_says_or_that_it_is_incomplete(
    times: list[int], newest: int, moments: list[tuple[int, int]], time: int
) -> None:
    line = loaded(times, newest, moments)
    until = [period(at) for at in reversed(times) if at <= time]
    after = [period(at) for at in times if at > time]
    for walk, expected in ((line.until(time), until), (line.after(time), after)):
        found: list[Period] = []
        try:
            found.extend(walk)
        except Incomplete:
            assert found == expected[: len(found)]
        else:
            assert found == expected


@given(TIMES, st.integers(1, 3), st.integers(-1, 31))
def test_what_a_line_says_it_is_missing_lets_it_go_on(
    times: list[int], newest: int, time: int
) -> None:
    moments: list[tuple[int, int]] = []
    found = None
    while found is None:
        try:
            found = list(loaded(times, newest, moments).until(time))
        except Incomplete as incomplete:
            ((_, missing, reach),) = incomplete.needs.moments
            moments.append((missing, reach))
    assert found == [period(at) for at in reversed(times) if at <= time]
    assert len(moments) <= 4  # each asks for several times as many


def test_a_line_without_gaps_begins_and_ends() -> None:
    line = DeviceLine("device_id:a")
    assert list(line.until(0)) == list(line.after(0)) == []
    line.put(period(BEGINNING))
    line.put(period(7))
    assert list(line.until(9)) == [period(7), period(BEGINNING)]
    assert list(takewhile(lambda p: p.opened_at < 9, line.after(0))) == [period(7)]


def test_a_period_takes_the_place_of_one_of_the_same_instant() -> None:
    line = DeviceLine("device_id:a")
    line.put(period(7))
    line.put(Period("device_id:a", 7, None))
    assert list(line) == [Period("device_id:a", 7, None)]
    assert len(line) == 1


def test_who_signed_in_at_an_instant_is_known_of_instants_that_were_loaded() -> None:
    line = DeviceLine("device_id:a")
    line.begun_at(5)
    line.instants = frozenset([7])
    line.begun_at(7)
    with pytest.raises(Incomplete):
        line.begun_at(5)


@given(TIMES, st.integers(1, 3), MOMENTS, st.integers(-1, 31))
def test_a_part_of_a_line_says_whether_a_time_is_in_its_latest_period(
    times: list[int], newest: int, moments: list[tuple[int, int]], time: int
) -> None:
    assert loaded(times, newest, moments).is_latest(time) == (time >= times[-1])
