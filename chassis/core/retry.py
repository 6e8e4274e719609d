"""Trying again with growing pauses, by tenacity.

Tenacity's bookkeeping costs some 40 µs of CPU a call, so it begins with the first failure: what
succeeds at once, as most batches do, costs next to nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

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

    began = attempted = time.monotonic()
    failures: list[BaseException] = []
    try:
        return function()
    except BaseException as error:  # noqa: BLE001 - raised again, as the first attempt's
        failures.append(error)
    pauses = 0

    def attempt() -> T:
        nonlocal attempted
        if failures:
            raise failures.pop()
        attempted = time.monotonic()
        return function()

    def pause(_state: RetryCallState) -> float:
        nonlocal pauses
        pauses = 0 if time.monotonic() - attempted >= healthy_after else pauses
        pauses = min(pauses + 1, _MOST_DOUBLINGS)
        return min(first_pause * 2.0 ** (pauses - 1), longest_pause)

    def note(state: RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            before_pause(error, state.upcoming_sleep)

    attempts = Retrying(
        retry=retry_if_exception(when),
        wait=pause,
        stop=stop_after_delay(patience - (time.monotonic() - began)),
        before_sleep=note,
        sleep=sleep,
        reraise=True,
    )
    return attempts(attempt)
