"""Trying again: which errors, how long the pauses are, and when it ends."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chassis.core.retry import retry


class Away(Exception):
    pass


def failing(times: int, error: Exception) -> Callable[[], str]:
    """A function that raises `error` so many times, and then succeeds."""
    left = [error] * times

    def attempt() -> str:
        if left:
            raise left.pop()
        return "done"

    return attempt


def is_away(error: BaseException) -> bool:
    return isinstance(error, Away)


def test_what_succeeds_at_once_is_called_once_and_never_waits() -> None:
    pauses: list[float] = []
    attempt = failing(0, Away())
    assert retry(attempt, is_away, first_pause=1, longest_pause=5, sleep=pauses.append) == "done"
    assert pauses == []


def test_pauses_double_up_to_the_longest() -> None:
    pauses: list[float] = []
    attempt = failing(6, Away())
    assert retry(attempt, is_away, first_pause=1, longest_pause=5, sleep=pauses.append) == "done"
    assert pauses == [1, 2, 4, 5, 5, 5]


def test_every_error_is_announced_before_its_pause() -> None:
    calls: list[object] = []
    error = Away()
    retry(
        failing(2, error),
        is_away,
        first_pause=0.5,
        longest_pause=5,
        before_pause=lambda *arguments: calls.append(arguments),
        sleep=calls.append,
    )
    assert calls == [(error, 0.5), 0.5, (error, 1.0), 1.0]


def test_another_error_is_raised_at_once() -> None:
    pauses: list[float] = []
    with pytest.raises(KeyError):
        retry(failing(1, KeyError()), is_away, first_pause=1, longest_pause=1, sleep=pauses.append)
    assert pauses == []


def test_the_last_error_is_raised_when_patience_ends() -> None:
    pauses: list[float] = []
    error = Away("the last")
    with pytest.raises(Away) as caught:
        retry(
            failing(9, error),
            is_away,
            first_pause=1,
            longest_pause=1,
            patience=0.0,
            sleep=pauses.append,
        )
    assert (caught.value, pauses) == (error, [])


def test_what_succeeds_at_once_costs_no_bookkeeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("chassis.core.retry.Retrying")
    assert retry(failing(0, Away()), is_away, first_pause=1, longest_pause=5) == "done"


def test_what_interrupts_is_raised_at_once() -> None:
    calls: list[None] = []

    def interrupted() -> None:
        calls.append(None)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        retry(interrupted, is_away, first_pause=1, longest_pause=1)
    assert calls == [None]


def test_the_first_attempt_counts_towards_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])

    def slow() -> None:
        now[0] += 10
        raise Away

    with pytest.raises(Away):
        retry(slow, is_away, first_pause=1, longest_pause=1, patience=10.0, sleep=pauses.append)
    assert pauses == []


def test_pauses_begin_anew_after_an_attempt_that_went_well_for_long_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    now = [0.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    durations = iter([0, 1, 4.9, 5, 0, 60, 0])

    def connection() -> str:
        duration = next(durations, None)
        if duration is None:
            return "done"
        now[0] += duration
        raise Away

    retry(connection, is_away, first_pause=1, longest_pause=5, healthy_after=5, sleep=pauses.append)
    assert pauses == [1, 2, 4, 1, 2, 1, 2]
