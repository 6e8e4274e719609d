"""Whether the broker passes on a process's messages, for readiness, liveness and metrics."""

from __future__ import annotations

import time
from collections.abc import Callable

_LONGEST_SILENCE = 5.0
_LONGEST_DEAFNESS = 60.0


class BrokerState:
    """What is known of the broker since the last message of this process to itself came back."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_at = clock()
        self._answered_at: float | None = None
        self._deaf_since: float | None = None
        self._reason = "has not answered yet"

    def answered(self) -> None:
        """Note that a message came back."""
        self._answered_at = self._clock()
        self._deaf_since = None
        self._reason = "does not answer"

    def failed(self, error: Exception) -> None:
        """Note that the broker is out of reach, or does not respond."""
        self._deaf_since = None
        self._reason = f"is out of reach ({type(error).__name__})"

    def did_not_arrive(self) -> None:
        """Note that the broker takes messages, but none of them came back."""
        if self._deaf_since is None:
            self._deaf_since = self._clock()
        self._reason = "passes on no message to this process"

    def is_connected(self) -> bool:
        """Whether a message has come back within the last seconds."""
        return self._answered_at is not None and self._silence() < _LONGEST_SILENCE

    def problem(self) -> str | None:
        """In words why the broker cannot be used; None if it can."""
        if self.is_connected():
            return None
        return f"broker: {self._reason}, for {self._silence():.0f} s"

    def is_deaf(self) -> bool:
        """Whether this process receives nothing, though the broker is well, and has not for so long
        that nothing but a new process can help."""
        since = self._deaf_since
        return since is not None and self._clock() - since > _LONGEST_DEAFNESS

    def _silence(self) -> float:
        since = self._began_at if self._answered_at is None else self._answered_at
        return self._clock() - since


class EmbeddedBrokerState(BrokerState):
    """The embedded broker is there as long as the process is."""

    def is_connected(self) -> bool:
        return True
