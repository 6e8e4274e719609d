"""Deadlines: waiting for something no longer than there is time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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


def gather(seconds: float, functions: Mapping[str, Callable[[], T]]) -> dict[str, T]:
    """What each of `functions` returns, all run at the same time; those past `seconds` are missing.

    Those that are missing are abandoned: nobody waits until they have noticed. Raises what one of
    them raises.
    """
    until = time.monotonic() + seconds
    threads = {name: eventlet.spawn(function) for name, function in functions.items()}
    results = {}
    for name, thread in threads.items():
        with eventlet.Timeout(max(0.0, until - time.monotonic()), False):
            results[name] = thread.wait()
        if name not in results:
            eventlet.spawn_n(thread.kill)
    return results
