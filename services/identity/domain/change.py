"""What an observation or a support desk has changed: the streams that have moved, as one fact."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from services.identity.domain.state import IdentityState, Stream, Tenure

Reason = Literal[
    "created", "linked", "merged", "separated", "tenure_opened", "verified", "split", "redrawn"
]
_STRONGEST_FIRST: tuple[Reason, ...] = ("merged", "separated", "created", "tenure_opened", "linked")
_MOST_STREAMS = 100  # in one fact


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """A fact to be recorded: the streams that have moved, as they are after it, sorted by stream.

    `event_id` is that of the event that led to it; None for a decision of a support desk, which
    gives its reason in `note`.
    """

    event_id: str | None
    occurred_at: int
    reason: Reason
    streams: tuple[Stream, ...]
    note: str | None = None


def finish(
    state: IdentityState, always: frozenset[str] = frozenset()
) -> tuple[tuple[Stream, ...], dict[str, Stream | None]]:
    """Give each stream that has moved since `state.begin` its next epoch.

    Returns these streams, sorted, with what each was before. A stream in `always` counts as moved.
    """
    if not state.journal and not always:
        return (), {}  # of most events
    for stream in always:
        state.journal.setdefault(stream, state.stream(stream))
    moved = {
        stream: before
        for stream, before in sorted(state.journal.items())
        if stream and (stream in always or before is None or _is_told(before, state.stream(stream)))
    }
    for stream, before in moved.items():
        entry = state.stream(stream)
        if before is None:
            continue  # it begins with its first epoch
        if isinstance(entry, Tenure):
            state.change(stream, epoch=entry.epoch + 1)
        else:
            state.change_sighting(entry, epoch=entry.epoch + 1)
    return tuple(state.stream(stream) for stream in moved), moved


def changes_of(state: IdentityState, event_id: str, time: int) -> list[IdentityChange]:
    """The facts of what one event has changed since `state.begin`."""
    streams, before = finish(state)
    if not streams:
        return []
    return divide(IdentityChange(event_id, time, _reason(streams, before), streams))


def divide(change: IdentityChange) -> list[IdentityChange]:
    """A change as several of at most so many streams: each copy of a fact names all of its own."""
    return [
        replace(change, streams=change.streams[start : start + _MOST_STREAMS])
        for start in range(0, len(change.streams), _MOST_STREAMS)
    ]


def _is_told(before: Stream, after: Stream) -> bool:
    """Whether consumers have to hear of a change."""
    if before.profile != after.profile:
        return True
    if not isinstance(before, Tenure) or not isinstance(after, Tenure):
        return False
    led = after.current and (after.number != before.number or not before.current)
    return led or before.assurance != after.assurance


def _reason(streams: tuple[Stream, ...], before: dict[str, Stream | None]) -> Reason:
    reasons: set[Reason] = set()
    for stream in streams:
        was = before[stream.stream]
        if was is None:
            if stream.profile == stream.stream:
                reasons.add("created")
            follows = isinstance(stream, Tenure) and stream.number > 1
            reasons.add("tenure_opened" if follows else "linked")
        elif was.profile != stream.profile:
            left_alone = stream.profile == stream.stream
            reasons.add("separated" if left_alone else "merged")
        else:
            reasons.add("tenure_opened")
    return next(reason for reason in _STRONGEST_FIRST if reason in reasons)
