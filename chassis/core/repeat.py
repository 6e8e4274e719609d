"""Doing something again and again while something else is under way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import eventlet


@contextmanager
def repeated(seconds: float, action: Callable[[], Any]) -> Iterator[None]:
    """Context: `action` is called every `seconds`, by a greenlet of its own; it must not raise."""

    def repeat() -> None:
        while True:
            eventlet.sleep(seconds)
            action()

    greenlet = eventlet.spawn(repeat)
    try:
        yield
    finally:
        greenlet.kill()
