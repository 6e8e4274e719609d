"""Admission: what would come too late is not begun."""

from __future__ import annotations

from contextlib import ExitStack, suppress

import pytest

from services.offers.commands.admission import Admission


class FakeTime:
    """Stands for the `time` of the module."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeTime:
    clock = FakeTime()
    monkeypatch.setattr("services.offers.commands.admission.time", clock)
    return clock


def decide(
    admission: Admission, clock: FakeTime, seconds: float, *, is_typical: bool = True
) -> None:
    """A hundred decisions, one after the other."""
    for _ in range(100):
        with admission.turn(is_typical=is_typical):
            clock.now += seconds


def admitted(admission: Admission, seconds: float) -> int:
    """How many are begun at once whose shoppers wait for so many seconds."""
    with ExitStack() as stack:
        while admission.has_room(seconds):
            stack.enter_context(admission.turn())
        return admission.under_way


def test_as_many_are_begun_as_are_ready_in_time_up_to_the_capacity(clock: FakeTime) -> None:
    admission = Admission(capacity=8)
    assert admitted(admission, 0.01) == 8, "until it is known how long one takes"
    decide(admission, clock, 0.002)
    assert [admitted(admission, seconds) for seconds in (0.5, 0.01, 0.0001)] == [8, 5, 1]


def test_those_that_go_on_at_once_share_the_time_that_they_take(clock: FakeTime) -> None:
    admission = Admission(capacity=8)
    for _ in range(50):
        with ExitStack() as stack:
            for _ in range(4):
                stack.enter_context(admission.turn(is_typical=True))
            clock.now += 0.020
    assert admitted(admission, 0.026) == 5


def test_waits_for_something_else_say_nothing(clock: FakeTime) -> None:
    admission = Admission(capacity=8)
    decide(admission, clock, 0.002)
    decide(admission, clock, 60.0, is_typical=False)
    for _ in range(100):
        with suppress(TimeoutError), admission.turn(is_typical=True):
            clock.now += 60.0
            raise TimeoutError
    assert admitted(admission, 0.01) == 5
    assert admission.under_way == 0
