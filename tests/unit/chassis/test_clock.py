from __future__ import annotations

import pytest

from chassis import FixedClock, InvalidInput, SystemClock, clock_from, parse_instant


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(5)
    assert (clock.now(), clock.now()) == (5, 5)
    clock.at = 7
    assert clock.now() == 7


def test_a_setting_chooses_the_machines_clock_or_an_instant_to_stand_at() -> None:
    assert isinstance(clock_from("system"), SystemClock)
    assert clock_from("1998-07-01T00:00:00Z").now() == parse_instant("1998-07-01T00:00:00Z")


def test_the_machines_clock_tells_microseconds() -> None:
    assert SystemClock().now() > parse_instant("2020-01-01T00:00:00Z")


def test_a_wrong_clock_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(InvalidInput, match="CDP_CLOCK"):
        clock_from("noon")
