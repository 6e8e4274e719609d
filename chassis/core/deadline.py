"""Waiting no longer than there is time for."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import eventlet

T = TypeVar("T")


class DeadlineExceeded(Exception):
    """Time is up."""


def run_within(seconds: float, function: Callable[[], T]) -> T:
    """What `function` returns or raises; DeadlineExceeded if it waits past `seconds` for something.

    What it waits for is abandoned: a query's connection is closed, and its transaction with it.
    """
    with_limit = eventlet.Timeout(seconds)
    try:
        return function()
    except eventlet.Timeout as timeout:
        if timeout is not with_limit:
            raise
        raise DeadlineExceeded from None
    finally:
        with_limit.cancel()
