"""The events of segments' own log: each profile has a stream."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from chassis import Draft, Event, format_instant, parse_instant
from services.segments.domain.memberships import Membership, MembershipChange

ENTERED = "segment_entered"
EXITED = "segment_exited"
SETTLED = "memberships_settled"

_IDS = uuid.UUID("5b1f0d3c-7b0e-5c86-9a4e-0f5f1c6a2d11")


class LogContent(NamedTuple):
    """What an event says: its type, its data, and when it happened (µs)."""

    type: str
    data: Mapping[str, Any]
    at: int


def change(
    profile_id: str, reason: str, changed: MembershipChange, as_of: Mapping[str, int]
) -> LogContent:
    """That a profile has entered a segment, or left it; `as_of` are its streams' versions."""
    data = {
        "segment": changed.segment,
        "profile_id": profile_id,
        "definition_version": changed.definition_version,
        "reason": reason,
        "as_of": dict(as_of),
        **_renaming(changed),
    }
    return LogContent(ENTERED if changed.entered else EXITED, data, changed.at)


def read_change(event: Event) -> MembershipChange:
    """The change that an event of an entry or an exit says."""
    data = event.data
    since = data.get("member_since")
    return MembershipChange(
        data["segment"],
        event.type == ENTERED,
        event.occurred_at,
        data["definition_version"],
        data.get("renamed_from", data.get("renamed_to")),
        parse_instant(since) if since else None,
    )


def settled(
    profile_id: str, members: Mapping[str, Membership], as_of: Mapping[str, int], now: int
) -> LogContent:
    """All segments that a profile is in."""
    segments = [
        {"segment": segment, "since": format_instant(membership.since)}
        for segment, membership in sorted(members.items())
    ]
    data = {"profile_id": profile_id, "segments": segments, "as_of": dict(as_of)}
    return LogContent(SETTLED, data, now)


def drafts(
    profile_id: str, first: int, contents: Iterable[LogContent], metadata: Mapping[str, str]
) -> list[Draft]:
    """The drafts of a profile's next events, the first one of version `first`.

    An event's id follows from its version, so it is never appended twice.
    """
    return [
        Draft(
            str(uuid.uuid5(_IDS, f"{profile_id}/{version}")),
            profile_id,
            content.type,
            content.data,
            content.at,
            metadata=metadata,
        )
        for version, content in enumerate(contents, start=first)
    ]


def _renaming(changed: MembershipChange) -> dict[str, str]:
    """What an event says of a change that only another name of its segment has made."""
    if changed.since is not None and changed.other_name is not None:
        return {"renamed_from": changed.other_name, "member_since": format_instant(changed.since)}
    return {"renamed_to": changed.other_name} if changed.other_name is not None else {}
