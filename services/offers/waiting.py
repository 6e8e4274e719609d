"""Waiting no longer than there is time for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


class Late(Exception):
    """Time is up."""


def run_within(function: Callable[[], T], seconds: float) -> T:
    """What `function` returns or raises; Late if that takes longer than `seconds`.

    It runs in a thread of its own (a greenlet, in a service), which is left to end by itself: a
    query cannot be called back from outside the chassis, and a late answer is of no use.
    """
    done = threading.Event()
    returned: list[T] = []
    raised: list[BaseException] = []

    def run() -> None:
        try:
            returned.append(function())
        except BaseException as error:  # noqa: BLE001 - it is raised again by who waits
            raised.append(error)
        finally:
            done.set()

    threading.Thread(target=run, name="decide", daemon=True).start()
    if not done.wait(seconds):
        raise Late
    if raised:
        raise raised[0]
    return returned[0]
