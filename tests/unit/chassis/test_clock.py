from __future__ import annotations

import pytest

from chassis import FixedClock, InvalidInput, SystemClock, clock_from, parse_instant
from chassis.core.clock import CorrectedClock, corrected, steady_microseconds

NOW = parse_instant("2026-11-21T19:30:00Z")


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


DAY_AHEAD = 24 * 3_600 * 1_000_000


class Bench:
    """A wrong clock beside a right one, both moved by hand."""

    def __init__(self, skew: int) -> None:
        self.machine = FixedClock(NOW + skew)
        self.reference = FixedClock(NOW)
        self.steady = FixedClock(77)
        self.clock = CorrectedClock(self.machine, self.steady.now)

    def pass_time(self, microseconds: int) -> None:
        for each in (self.machine, self.reference, self.steady):
            each.at += microseconds

    def measure(self, going: int = 0, coming: int = 0) -> None:
        def ask() -> int:
            self.pass_time(going)
            there = self.reference.now()
            self.pass_time(coming)
            return there

        self.clock.measure(ask)


@pytest.mark.parametrize("skew", [DAY_AHEAD, -3 * 60 * 1_000_000])
def test_a_clock_that_is_wrong_is_corrected_by_a_reference(skew: int) -> None:
    bench = Bench(skew)
    assert bench.clock.now() == NOW + skew
    bench.measure(going=5, coming=5)
    assert bench.clock.now() == NOW + 10
    assert (bench.clock.skew(), bench.clock.is_wrong()) == (skew, True)
    bench.pass_time(9_000_000)
    assert bench.clock.now() == bench.reference.now()


def test_a_clock_that_jumps_between_measurements_is_corrected_at_once() -> None:
    bench = Bench(skew=300)
    bench.measure()
    bench.machine.at += DAY_AHEAD
    assert bench.clock.now() == NOW
    bench.machine.at -= DAY_AHEAD
    assert bench.clock.now() == NOW + 300


def test_a_clock_within_a_second_of_its_reference_is_left_as_it_is() -> None:
    bench = Bench(skew=-999_999)
    bench.measure()
    assert bench.clock.now() == bench.machine.now()
    assert (bench.clock.skew(), bench.clock.is_wrong()) == (-999_999, False)


def test_a_reference_that_takes_long_is_ignored() -> None:
    bench = Bench(skew=DAY_AHEAD)
    bench.measure(going=400_000, coming=200_000)
    assert bench.clock.skew() == 0
    bench.measure()
    bench.machine.at += 5_000_000
    bench.measure(coming=700_000)
    assert bench.clock.skew() == DAY_AHEAD + 5_000_000


def test_only_the_machines_clock_is_corrected() -> None:
    fixed = FixedClock(5)
    assert corrected(fixed) is fixed
    assert isinstance(corrected(SystemClock()), CorrectedClock)


def test_the_steady_clock_goes_on() -> None:
    first = steady_microseconds()
    assert steady_microseconds() >= first
