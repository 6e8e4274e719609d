"""Waiting no longer than there is time, with and without abandoning what is waited for."""

from __future__ import annotations

import time
from contextvars import ContextVar

import eventlet
import pytest
from eventlet.event import Event

from chassis.core.deadline import (
    DeadlineExceeded,
    answering,
    received_at,
    run_within,
    wait_within,
)

NAME: ContextVar[str] = ContextVar("name", default="nobody")


def test_what_is_in_time_is_returned_or_raised() -> None:
    def fail() -> None:
        eventlet.sleep(0)
        raise ZeroDivisionError

    assert wait_within(10, 0, lambda: 7) == 7
    assert wait_within(10, 0, lambda: eventlet.sleep(0) or 8) == 8
    with pytest.raises(ZeroDivisionError):
        wait_within(10, 0, fail)


def test_what_is_late_goes_on_and_what_is_much_too_late_is_abandoned() -> None:
    ended = Event()
    outcomes: list[str] = []

    def work(name: str, go_on: Event) -> None:
        try:
            go_on.wait()
            outcomes.append(f"{name} went on")
        except BaseException:
            outcomes.append(f"{name} was abandoned")
            raise
        finally:
            if len(outcomes) == 2:
                ended.send()

    late, never = Event(), Event()
    with pytest.raises(DeadlineExceeded):
        wait_within(0.001, 60, lambda: work("late", late))
    with pytest.raises(DeadlineExceeded):
        wait_within(0.001, 0.01, lambda: work("never", never))
    assert outcomes == []
    late.send()
    ended.wait()
    assert sorted(outcomes) == ["late went on", "never was abandoned"]


def test_nobody_is_resumed_by_what_came_too_late() -> None:
    go_on, other = Event(), Event()
    with pytest.raises(DeadlineExceeded):
        wait_within(0.001, 60, go_on.wait)
    go_on.send("too late")
    eventlet.spawn_after(0.01, other.send, "the other")
    assert other.wait() == "the other"


def test_a_limit_of_somebody_else_passes_through_and_the_rest_goes_on() -> None:
    go_on, done = Event(), Event()
    with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.001):
        wait_within(60, 60, lambda: done.send(go_on.wait()))
    go_on.send("all the same")
    assert done.wait() == "all the same"


def test_it_runs_in_the_context_of_who_waits() -> None:
    NAME.set("somebody")
    assert wait_within(1, 0, NAME.get) == "somebody"


def test_what_is_run_within_a_limit_is_abandoned_at_once() -> None:
    with pytest.raises(DeadlineExceeded):
        run_within(0.001, Event().wait)


def test_a_deadline_counts_from_the_receipt_wherever_the_request_is_answered() -> None:
    before = time.monotonic()
    with answering(1.5):
        assert received_at() == 1.5
        assert wait_within(1, 0, received_at) == 1.5
        with answering(2.5):
            assert received_at() == 2.5
    assert received_at() >= before
