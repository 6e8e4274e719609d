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
    wait_exponential,
)

T = TypeVar("T")


def _ignore(error: BaseException, pause: float) -> None:
    del error, pause


def retry(
    function: Callable[[], T],
    when: Callable[[BaseException], bool],
    *,
    first_pause: float,
    longest_pause: float,
    patience: float = float("inf"),
    before_pause: Callable[[BaseException, float], None] = _ignore,
    sleep: Callable[[float], None] = nap.sleep,
) -> T:
    """What `function` returns, called again after every error for which `when` is true.

    Each pause is twice as long as the last, up to `longest_pause`; `before_pause` gets the error
    and the seconds to come. An error is raised if `when` is false for it, or if it comes after
    `patience` seconds. So a caller that is to stop raises something else from `function`.
    """

    began = time.monotonic()
    failures: list[BaseException] = []
    try:
        return function()
    except BaseException as error:  # noqa: BLE001 - raised again, as the first attempt's
        failures.append(error)

    def attempt() -> T:
        if failures:
            raise failures.pop()
        return function()

    def note(state: RetryCallState) -> None:
        if state.outcome is not None and (error := state.outcome.exception()) is not None:
            before_pause(error, state.upcoming_sleep)

    attempts = Retrying(
        retry=retry_if_exception(when),
        wait=wait_exponential(multiplier=first_pause, max=longest_pause),
        stop=stop_after_delay(patience - (time.monotonic() - began)),
        before_sleep=note,
        sleep=sleep,
        reraise=True,
    )
    return attempts(attempt)
