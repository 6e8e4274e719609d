"""Deadlines: waiting for something no longer than there is time."""

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
    limit = eventlet.Timeout(seconds)
    try:
        return function()
    except eventlet.Timeout as timeout:
        if timeout is not limit:
            raise
        raise DeadlineExceeded from None
    finally:
        limit.cancel()
