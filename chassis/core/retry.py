"""Trying again with growing pauses, by tenacity.

Tenacity's bookkeeping costs some 40 µs of CPU a call, so it begins with the first failure: what
succeeds at once, as most batches do, costs next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from tenacity import (
    RetryCallState,
    Retrying,
    nap,
    retry_if_exception,
    stop_after_delay,
)

T = TypeVar("T")

_MOST_DOUBLINGS = 64


def _ignore(error: BaseException, pause: float) -> None:
    del error, pause


@dataclass(slots=True)
class _Pauses:
    """Pauses that grow with each failure, and begin anew after an attempt that went well."""

    first: float
    longest: float
    healthy_after: float
    attempted: float
    count: int = 0

    def following(self, _state: RetryCallState) -> float:
        if time.monotonic() - self.attempted >= self.healthy_after:
            self.count = 0
        self.count = min(self.count + 1, _MOST_DOUBLINGS)
        return min(self.first * 2.0 ** (self.count - 1), self.longest)


def retry(
    function: Callable[[], T],
    when: Callable[[BaseException], bool],
    *,
    first_pause: float,
    longest_pause: float,
    patience: float = float("inf"),
    healthy_after: float = float("inf"),
    before_pause: Callable[[BaseException, float], None] = _ignore,
    sleep: Callable[[float], None] = nap.sleep,
) -> T:
    """What `function` returns, called again after every error for which `when` is true.

    Each pause is twice as long as the last, up to `longest_pause`; `before_pause` gets the error
    and the seconds to come. After an attempt that went well for `healthy_after` seconds before it
    failed, as a connection may, the pauses begin anew. An error is raised if `when` is false for
    it, or if it comes after `patience` seconds. So a caller that is to stop raises something else
    from `function`.
    """
    pauses = _Pauses(first_pause, longest_pause, healthy_after, began := time.monotonic())
    failures: list[BaseException] = []
    try:
        return function()
    except BaseException as error:  # noqa: BLE001 - raised again, as the first attempt's
        failures.append(error)

    def attempt() -> T:
        if failures:
            raise failures.pop()
        pauses.attempted = time.monotonic()
        return function()

    return Retrying(
        retry=retry_if_exception(when),
        wait=pauses.following,
        stop=stop_after_delay(patience - (time.monotonic() - began)),
        before_sleep=_noting(before_pause),
        sleep=sleep,
        reraise=True,
    )(attempt)


def _noting(before_pause: Callable[[BaseException, float], None]) -> Callable[[Any], None]:
    """`before_pause` as tenacity calls it."""

    def note(state: RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            before_pause(error, state.upcoming_sleep)

    return note
