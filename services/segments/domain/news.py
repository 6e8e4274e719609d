"""News: what a batch of events brings to each profile."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chassis.core.event import Event


@dataclass(slots=True)
class ProfileNews:
    """What a batch brings to one profile.

    `types` are those of its events, and these were recorded between `first_at` and `last_at`.
    `moved`: streams came to it or left it.
    """

    first_at: int
    last_at: int
    types: set[str] = field(default_factory=set)
    moved: bool = False

    @property
    def reason(self) -> str:
        """Why the memberships of the profile change."""
        return "merge" if self.moved else "event"


def news_of(events: Iterable[Event], profiles: Mapping[str, str]) -> dict[str, ProfileNews]:
    """What events bring to the profiles that their streams belong to, by `profiles`."""
    news: dict[str, ProfileNews] = {}
    for event in events:
        is_seen = event.type != "identity_changed" or _proves_an_account(event)
        for stream in event.versions:
            if stream in profiles:
                of_profile = news.setdefault(
                    profiles[stream], ProfileNews(event.recorded_at, event.recorded_at)
                )
                of_profile.first_at = min(of_profile.first_at, event.recorded_at)
                of_profile.last_at = max(of_profile.last_at, event.recorded_at)
                if is_seen:
                    of_profile.types.add(event.type)
    return news


def spans_of(events: Sequence[Event], *profiles: Mapping[str, str]) -> dict[str, tuple[int, int]]:
    """By profile when its first and its last event were recorded.

    `profiles` are those that its streams belong to, as they were and as they will be.
    """
    spans: dict[str, tuple[int, int]] = {}
    for event, at in zip(events, _times_in_order(events), strict=True):
        for stream in event.versions:
            for of in profiles:
                if (profile_id := of.get(stream)) is not None:
                    first, last = spans.get(profile_id, (at, at))
                    spans[profile_id] = min(first, at), max(last, at)
    return spans


def split_events(events: Sequence[Event], at: int) -> tuple[Sequence[Event], Sequence[Event]]:
    """The events that were recorded until an instant, and the others; in order by stream."""
    dated = list(zip(events, _times_in_order(events), strict=True))
    until = [event for event, recorded_at in dated if recorded_at <= at]
    return until, [event for event, recorded_at in dated if recorded_at > at]


def _times_in_order(events: Iterable[Event]) -> list[int]:
    """When each was recorded, but no earlier than one before it in the same stream."""
    latest: dict[str, int] = {}
    times = []
    for event in events:
        at = max(event.recorded_at, *(latest.get(stream, 0) for stream in event.versions))
        latest.update(dict.fromkeys(event.versions, at))
        times.append(at)
    return times


def _proves_an_account(event: Event) -> bool:
    return any(
        identifier["assurance"] == "verified"
        for entry in event.data["streams"]
        for identifier in entry["identifiers"]
    )


def share_watermarks(
    moves: Iterable[tuple[str, str]], watermarks: Mapping[str, int]
) -> dict[str, int]:
    """The watermark of each profile that streams moved from or to, given as (from, to).

    Both sides get the greatest of all that streams have moved between: the clock of whoever
    evaluated one of them may have been ahead.
    """
    groups: dict[str, set[str]] = {}
    for before, after in moves:
        together = groups.get(before, {before}) | groups.get(after, {after})
        groups |= dict.fromkeys(together, together)
    return {
        profile_id: max(watermarks.get(each, 0) for each in together)
        for profile_id, together in groups.items()
    }


def starting_streams(events: Sequence[Event]) -> set[str]:
    """The streams that begin with one of the events."""
    return {
        stream for event in events for stream, version in event.versions.items() if version == 1
    }
