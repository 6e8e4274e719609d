"""Deadlines: waiting for something no longer than there is time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar, copy_context
from typing import TypeVar, cast

import eventlet
from eventlet.support.greenlets import getcurrent, greenlet

T = TypeVar("T")

_received: ContextVar[float | None] = ContextVar("received_at", default=None)


class DeadlineExceeded(Exception):
    """Time is up."""


@contextmanager
def answering(received_at: float) -> Iterator[None]:
    """While a request is answered that was received at an instant of the monotonic clock."""
    token = _received.set(received_at)
    try:
        yield
    finally:
        _received.reset(token)


def received_at() -> float:
    """When the request was received that is being answered here: a deadline counts from then.

    Now, if nobody has noted it. It may have waited for its turn in this process.
    """
    noted = _received.get()
    return time.monotonic() if noted is None else noted


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


def wait_within(seconds: float, grace: float, function: Callable[[], T]) -> T:
    """What `function` returns or raises; DeadlineExceeded if it waits past `seconds` for something.

    It then goes on, and is abandoned only `grace` seconds later: a query that is merely late keeps
    its connection. To make another costs many times as much as the query, and late queries come
    together.
    """
    waiter = getcurrent()
    is_awaited = True

    def work() -> tuple[T | None, BaseException | None]:
        limit = eventlet.Timeout(seconds + grace)
        outcome: tuple[T | None, BaseException | None]
        try:
            outcome = function(), None
        except BaseException as error:  # noqa: BLE001 - raised where somebody waits, if anybody
            outcome = None, error
        finally:
            limit.cancel()
        if is_awaited:
            getcurrent().parent = waiter  # whom the outcome goes to, at once
        return outcome

    # Not spawned: it begins now, and not after all others that are ready.
    worker = greenlet(work)
    worker.gr_context = copy_context()
    limit = eventlet.Timeout(seconds)
    try:
        result, error = worker.switch()
    except eventlet.Timeout as timeout:
        if timeout is not limit:
            raise
        raise DeadlineExceeded from None
    finally:
        is_awaited = False
        limit.cancel()
    if error is not None:
        raise error
    return cast("T", result)


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
