"""What is under way goes before what comes: new work has a part of each round of the hub.

A round of eventlet's hub serves all connections that have something to read. Above capacity these
are many, and a request that is under way gets on by one step in each round, as does each timer: it
would be late by as long as it takes to answer all that has come meanwhile.
"""

from __future__ import annotations

import time
from collections import deque
from typing import Any

from eventlet.hubs import get_hub
from eventlet.support.greenlets import getcurrent

_SECONDS = 0.005
_PATIENCE_SECONDS = 0.15


class Intake:
    """Lets greenlets go on for so many seconds of each round, and at least one of them.

    The newest goes first: whoever has waited longest is the likeliest to have given up, and all the
    others would have to wait as long. Whoever has waited for `patience` seconds is sent away.
    """

    def __init__(self, seconds: float = _SECONDS, patience: float = _PATIENCE_SECONDS) -> None:
        self._seconds = seconds
        self._patience = patience
        self._waiting: deque[tuple[float, Any]] = deque()  # since when, and who
        self._ends_at: float | None = None  # the round; None while nobody has come

    def enter(self) -> bool:
        """True when new work may begin: at once, or in a later round; False if it may not."""
        if self._ends_at is None:
            self._begin_round()
        elif (now := time.monotonic()) >= self._ends_at:
            self._waiting.append((now, getcurrent()))
            return bool(get_hub().switch())
        return True

    def _begin_round(self) -> None:
        self._ends_at = time.monotonic() + self._seconds
        get_hub().schedule_call_global(0, self._next_round)

    def _next_round(self) -> None:
        """Called by the hub, to which each of those that wait returns as soon as it waits again."""
        if not self._waiting:
            self._ends_at = None
            return
        self._begin_round()
        while self._waiting:
            self._waiting.pop()[1].switch(True)
            if time.monotonic() >= (self._ends_at or 0.0):
                break
        too_old = time.monotonic() - self._patience
        while self._waiting and self._waiting[0][0] <= too_old:
            self._waiting.popleft()[1].switch(False)
