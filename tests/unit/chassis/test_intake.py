"""Intake: what is under way gets on, however much comes."""

from __future__ import annotations

import eventlet

from chassis.runtime.intake import Intake

MOST_ROUNDS = 100


def test_whoever_comes_alone_goes_on_at_once() -> None:
    intake, entered = Intake(seconds=0.0), []
    for number in range(3):
        intake.enter()
        entered.append(number)
        for _ in range(3):
            eventlet.sleep(0)
    assert entered == [0, 1, 2]


def test_what_comes_at_once_is_let_in_one_by_one_the_newest_first() -> None:
    intake, steps = Intake(seconds=0.0), []

    def come(name: str) -> None:
        intake.enter()
        steps.append(name)

    threads = [eventlet.spawn(come, name) for name in "abcd"]
    for _ in range(MOST_ROUNDS):
        steps.append(".")
        eventlet.sleep(0)
    for thread in threads:
        thread.wait()
    order = "".join(steps)
    assert order.replace(".", "") == "adcb"
    assert "dc" not in order, "what is under way has had its step in between"
    assert "cb" not in order


def test_with_time_left_all_that_comes_goes_on_in_the_same_round() -> None:
    intake, steps = Intake(seconds=3_600.0), []

    def come(name: str) -> None:
        intake.enter()
        steps.append(name)

    for name in "abcd":
        eventlet.spawn(come, name)
    eventlet.sleep(0)
    assert steps == list("abcd")


def test_one_that_fails_keeps_nobody_else_waiting() -> None:
    intake, entered = Intake(seconds=0.0), []

    def come(name: str) -> None:
        intake.enter()
        entered.append(name)
        if name == "c":
            raise ValueError(name)

    threads = [eventlet.spawn(come, name) for name in "abcd"]
    for thread in (threads[0], threads[1], threads[3]):
        thread.wait()
    assert entered == list("adcb")


def test_whoever_has_waited_too_long_is_sent_away_and_the_newest_still_go_on() -> None:
    intake, entered = Intake(seconds=0.0, patience=0.0), dict[str, bool]()

    def come(name: str) -> None:
        entered[name] = intake.enter()

    threads = [eventlet.spawn(come, name) for name in "abcd"]
    for thread in threads:
        thread.wait()
    assert entered == {"a": True, "b": False, "c": False, "d": True}
    assert intake.enter(), "and then it is as at the beginning"
