"""Evaluation, pure: a profile's summary and the definitions give its changes of membership."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules import Summary
from services.segments.domain.definitions import ActiveDefinitions

# A profile that nobody looked at for so many turns of its rules is then judged at once, at `now`.
MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class Membership:
    """That a profile is in a segment: since when, and by which version of its definition."""

    since: int
    definition_version: int


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A profile that entered a segment, or left it, at an instant."""

    segment: str
    entered: bool
    at: int
    definition_version: int


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The net changes against what was last told, by segment; and when to look again."""

    changes: tuple[MembershipChange, ...]
    next_at: int | None


def evaluate(
    summary: Summary | None,
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    now: int,
    due_at: int | None = None,
) -> Evaluation:
    """The changes between `members`, told last, and the truth at `now`.

    `summary` is None for a profile without streams, which is in no segment. With `due_at`, an
    instant before `now` up to which nothing was due, each change is dated exactly: to the instant
    at which its rule turned.
    """
    if summary is None:
        inside: dict[str, bool] = {}
        turned: dict[str, int] = {}
        next_at = None
    else:
        inside, turned, next_at = _follow(summary, definitions, members, now, due_at)
    changes = [
        MembershipChange(
            segment, inside.get(segment, False), turned.get(segment, now), version.number
        )
        for segment, version in sorted(definitions.versions.items())
        if inside.get(segment, False) is not (segment in members)
    ]
    return Evaluation(tuple(changes), next_at)


def _follow(
    summary: Summary,
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    now: int,
    due_at: int | None,
) -> tuple[dict[str, bool], dict[str, int], int | None]:
    """From `due_at` to `now`: who is inside at the end, since when, and the next turn."""
    inside = {segment: segment in members for segment in definitions.versions}
    turned: dict[str, int] = {}
    at = now if due_at is None else min(due_at, now)
    turns = 0
    while True:
        turns_at = []
        for segment, version in definitions.versions.items():
            value, changes_at = version.definition.rule.evaluate(summary, at)
            if value is not inside[segment]:
                inside[segment] = value
                turned[segment] = at
            if changes_at is not None:
                turns_at.append(changes_at)
        next_at = min(turns_at, default=None)
        if at == now or next_at is None or next_at > now:
            return inside, turned, next_at
        turns += 1
        at = next_at if turns < MOST_TURNS else now
