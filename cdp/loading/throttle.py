"""The throttle of a load: as fast as the services follow, and slower when they respond slowly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

MOST_EVENTS = 200  # a batch
_FEWEST_EVENTS = 20
_BATCH_SECONDS = 0.25  # of a call of `record`: other calls wait behind it no longer than that
_RESPONSE_SECONDS = 0.1  # of the services that follow; a checkout waits for 0.15
_LONGEST_REST = 2.0  # times as long as the batch before took
_MOST_AHEAD = 400  # events that the services which follow may lag behind

Token = Mapping[str, int]


@dataclass(slots=True)
class Throttle:
    """How many events the next batch has, and how long to pause before it, in seconds."""

    events: int = 50
    _rest: float = 0.0
    _seconds: float = 0.0
    _batches: list[tuple[Token, int]] = field(default_factory=list)

    def after_record(self, seconds: float, token: Token, events: int) -> None:
        """A batch of `events` took `seconds` to record; `token` is the version of one of them."""
        self._seconds = seconds
        factor = min(1.5, max(0.5, _BATCH_SECONDS / max(seconds, 0.001)))
        self.events = min(MOST_EVENTS, max(_FEWEST_EVENTS, round(self.events * factor)))
        if token:
            self._batches.append((token, events))

    def after_response(self, seconds: float) -> None:
        """A service that follows took `seconds` to respond to a small request."""
        if seconds > _RESPONSE_SECONDS:
            self._rest = min(_LONGEST_REST, max(0.125, 2 * self._rest))
        else:
            self._rest = self._rest / 2 if self._rest > 0.1 else 0.0

    def advance(self, lagging: Mapping[str, int]) -> bool:
        """The services have applied all awaited versions, except for streams in `lagging`, where
        they are at the versions given. Returns whether that is more than before."""
        before = len(self._batches)
        self._batches = [
            (token, events)
            for token, events in self._batches
            if any(lagging.get(stream, version) < version for stream, version in token.items())
        ]
        return len(self._batches) < before

    @property
    def pause(self) -> float:
        """How long to leave the services to others before the next batch."""
        return self._rest * self._seconds

    @property
    def ahead(self) -> bool:
        """Whether to wait until the services that follow come nearer."""
        return sum(events for _token, events in self._batches) > _MOST_AHEAD

    @property
    def awaited(self) -> dict[str, int]:
        """The versions, by stream, that the services were not yet seen to have applied."""
        versions: dict[str, int] = {}
        for token, _events in self._batches:
            for stream, version in token.items():
                versions[stream] = max(version, versions.get(stream, 0))
        return versions
