"""The pace of a load: as fast as the services follow, and slower when they answer slowly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_EVENTS = 200  # a batch
_FEWEST_EVENTS = 20
_BATCH_SECONDS = 0.25  # of one call of `record`: others' calls wait no longer than that behind it
_ANSWER_SECONDS = 0.1  # of the services that follow; a checkout waits for 0.15
_LONGEST_REST = 2.0  # times as long as the batch before took
_AHEAD = 400  # events that the services which follow may be behind

Token = Mapping[str, int]


@dataclass(slots=True)
class Throttle:
    """How many events the next batch has, and how long to pause before it, in seconds."""

    events: int = 50
    _rest: float = 0.0
    _seconds: float = 0.0
    _sent: list[tuple[Token, int]] = field(default_factory=list)

    def recorded(self, seconds: float, token: Token, events: int) -> None:
        """A batch of `events` was recorded in `seconds`; `token` is a place in the log near it."""
        self._seconds = seconds
        factor = min(1.5, max(0.5, _BATCH_SECONDS / max(seconds, 0.001)))
        self.events = min(MOST_EVENTS, max(_FEWEST_EVENTS, round(self.events * factor)))
        if token:
            self._sent.append((token, events))

    def answered(self, seconds: float) -> None:
        """A service that follows took `seconds` to answer a small question."""
        if seconds > _ANSWER_SECONDS:
            self._rest = min(_LONGEST_REST, max(0.125, 2 * self._rest))
        else:
            self._rest = self._rest / 2 if self._rest > 0.1 else 0.0

    @property
    def pause(self) -> float:
        """How long the services are left to others before the next batch."""
        return self._rest * self._seconds

    @property
    def ahead(self) -> bool:
        """Whether the services that follow are to come nearer first."""
        return sum(events for _token, events in self._sent) > _AHEAD

    @property
    def awaited(self) -> dict[str, int]:
        """The places in the log that they were not known to have come to."""
        places: dict[str, int] = {}
        for token, _events in self._sent:
            for stream, version in token.items():
                places[stream] = max(version, places.get(stream, 0))
        return places

    def reached(self, behind: Mapping[str, int]) -> bool:
        """They have come to all that is awaited, but for the streams in `behind`: stream ->
        version. Returns whether that is any nearer than before."""
        before = len(self._sent)
        self._sent = [
            (token, events)
            for token, events in self._sent
            if any(behind.get(stream, version) < version for stream, version in token.items())
        ]
        return len(self._sent) < before
