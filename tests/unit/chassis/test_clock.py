from __future__ import annotations

import pytest

from chassis import FixedClock, InvalidInput, SystemClock, clock_from, parse_instant
from chassis.core.clock import ArrivalClock, CorrectedClock, corrected, steady_microseconds

NOW = parse_instant("2026-11-21T19:30:00Z")


def test_a_fixed_clock_stands_until_it_is_moved() -> None:
    clock = FixedClock(5)
    assert (clock.now(), clock.now()) == (5, 5)
    clock.at = 7
    assert clock.now() == 7


def test_no_two_things_arrive_at_one_instant_though_the_clock_stands_or_is_set_back() -> None:
    clock = FixedClock(5)
    arrivals = ArrivalClock(clock)
    assert [arrivals.next(), arrivals.next()] == [5, 6]
    clock.at = 3
    assert arrivals.next() == 7
    clock.at = 100
    assert arrivals.next() == 100


def test_a_setting_chooses_the_machines_clock_or_an_instant_to_stand_at() -> None:
    assert isinstance(clock_from("system"), SystemClock)
    assert clock_from("1998-07-01T00:00:00Z").now() == parse_instant("1998-07-01T00:00:00Z")


def test_the_machines_clock_tells_microseconds() -> None:
    assert SystemClock().now() > parse_instant("2020-01-01T00:00:00Z")


def test_a_wrong_clock_is_refused_by_the_name_of_its_variable() -> None:
    with pytest.raises(InvalidInput, match="CDP_CLOCK"):
        clock_from("noon")


MINUTE, HOUR = 60_000_000, 3_600_000_000
DAY_AHEAD = 24 * HOUR


class Bench:
    """A machine's clock beside a reference and other processes, all moved by hand."""

    def __init__(self, skew: int, others: tuple[int, ...] = ()) -> None:
        self.machine = FixedClock(NOW + skew)
        self.reference = FixedClock(NOW)
        self.others = [FixedClock(NOW + other) for other in others]
        self.steady = FixedClock(77)
        self.clock = CorrectedClock(self.machine, self.steady.now)

    def pass_time(self, microseconds: int) -> None:
        for each in (self.machine, self.reference, self.steady, *self.others):
            each.at += microseconds

    def measure(self, going: int = 0, coming: int = 0) -> None:
        others = [other.at - self.reference.at for other in self.others]

        def ask() -> int:
            self.pass_time(going)
            there = self.reference.now()
            self.pass_time(coming)
            return there

        self.clock.measure(ask, others)


@pytest.mark.parametrize(
    ("skew", "others"),
    [(-3 * MINUTE, ()), (HOUR, ()), (DAY_AHEAD, (5,)), (DAY_AHEAD, (300, -200))],
)
def test_a_clock_that_is_wrong_is_corrected_by_what_most_say(
    skew: int, others: tuple[int, ...]
) -> None:
    bench = Bench(skew, others)
    assert bench.clock.now() == NOW + skew
    bench.measure(going=5, coming=5)
    assert abs(bench.clock.now() - NOW) < 1_000
    assert (bench.clock.skew(), bench.clock.is_corrected()) == (skew, True)
    bench.pass_time(9_000_000)
    assert abs(bench.clock.now() - bench.reference.now()) < 1_000


def test_where_two_clocks_are_days_apart_the_reference_alone_corrects_nothing() -> None:
    bench = Bench(skew=2 * DAY_AHEAD)
    bench.measure()
    assert bench.clock.now() == bench.machine.now()
    assert (bench.clock.is_corrected(), bench.clock.is_disputed()) == (False, True)
    bench.others.append(FixedClock(NOW))
    bench.measure()
    assert bench.clock.now() == NOW


@pytest.mark.parametrize("error", [MINUTE, -2 * DAY_AHEAD, DAY_AHEAD])
@pytest.mark.parametrize("others", [(), (0,), (0, 0)], ids=len)
def test_a_reference_that_jumps_is_not_followed(error: int, others: tuple[int, ...]) -> None:
    bench = Bench(0, others)
    bench.measure()
    bench.reference.at += error
    for _ in range(9):
        bench.measure()
        assert bench.clock.now() == bench.machine.now()
        bench.pass_time(10_000_000)
    assert (bench.clock.is_corrected(), bench.clock.is_disputed()) == (False, True)
    bench.reference.at -= error
    bench.measure()
    assert not bench.clock.is_disputed()


@pytest.mark.parametrize("error", [MINUTE, -2 * DAY_AHEAD])
def test_a_reference_that_is_wrong_from_the_start_is_outvoted(error: int) -> None:
    bench = Bench(-error, (-error,))
    bench.measure()
    assert bench.clock.now() == bench.machine.now()


def test_a_reference_that_was_believed_and_is_set_right_is_followed_at_once() -> None:
    bench = Bench(skew=MINUTE)
    bench.measure()
    assert bench.clock.now() == NOW
    bench.reference.at += MINUTE
    bench.measure()
    assert bench.clock.now() == NOW + MINUTE == bench.machine.now()


def test_where_votes_are_even_what_was_believed_before_counts() -> None:
    bench = Bench(0, (0,))
    bench.measure()
    bench.machine.at += DAY_AHEAD
    bench.others[0].at += DAY_AHEAD  # both processes have one machine
    bench.measure()
    assert bench.clock.now() == NOW


def test_a_clock_that_jumps_between_measurements_is_corrected_at_once() -> None:
    bench = Bench(skew=300)
    bench.measure()
    bench.machine.at += DAY_AHEAD
    assert abs(bench.clock.now() - NOW) < 1_000
    bench.measure()
    assert abs(bench.clock.now() - NOW) < 1_000
    bench.machine.at -= DAY_AHEAD
    assert bench.clock.now() == NOW + 300


def test_a_clock_within_a_second_of_its_reference_is_left_as_it_is() -> None:
    bench = Bench(skew=-999_999)
    bench.measure()
    assert bench.clock.now() == bench.machine.now()
    assert (bench.clock.skew(), bench.clock.is_corrected()) == (-999_999, False)


def test_a_clock_about_a_second_wrong_is_not_corrected_now_and_then() -> None:
    bench = Bench(skew=1_000_500)
    before = 0
    for noise in (0, -1_000, 1_000, -1_000, 1_000):
        bench.machine.at += noise
        bench.measure()
        assert bench.clock.is_corrected()
        assert bench.clock.now() >= before
        before = bench.clock.now()
        bench.pass_time(10_000_000)
    bench.machine.at -= 900_000
    bench.measure()
    assert not bench.clock.is_corrected()


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
