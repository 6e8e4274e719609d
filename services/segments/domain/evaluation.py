"""Evaluation: which memberships of a profile have changed, by its summary and the definitions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rules import Summary
from services.segments.domain.definitions import ActiveDefinitions, DefinitionVersion

# A profile whose rules have turned this often without an evaluation is then evaluated at `now`.
MOST_TURNS = 100


@dataclass(frozen=True, slots=True)
class Membership:
    """That a profile is in a segment: since when, and by which version of its definition."""

    since: int
    definition_version: int


@dataclass(frozen=True, slots=True)
class EvaluationState:
    """When a profile is due to be evaluated again, and by which generation it was evaluated last.

    Generation 0 is a profile that was never evaluated; only a rebuild leaves such.
    """

    next_at: int | None
    generation: int

    def is_due(self, now: int, generation: int) -> bool:
        """Whether time or a new definition may have changed its memberships."""
        return self.generation < generation or (self.next_at is not None and self.next_at <= now)

    def reason(self, generation: int) -> str:
        """Why the memberships of a profile that is due may have changed."""
        if self.generation == 0:
            return "rebuild"
        return "definition" if self.generation < generation else "time"


UNEVALUATED = EvaluationState(None, 0)


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A profile that entered a segment, or left it, at an instant.

    If only the segment's name has changed, `other_name` is the one before, or after it, and `since`
    says since when an entering profile has been a member by the name before.
    """

    segment: str
    entered: bool
    at: int
    definition_version: int
    other_name: str | None = None
    since: int | None = None


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The net changes against the stored memberships, and when to evaluate again."""

    changes: tuple[MembershipChange, ...]
    next_at: int | None


def evaluate(
    summary: Summary | None,
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    now: int,
    due_at: int | None = None,
) -> Evaluation:
    """The changes from `members`, the stored memberships, to what the rules say at `now`.

    `summary` is None for a profile without streams, which is in no segment. With `due_at`, an
    instant before `now` at which the profile was due, each change is dated exactly: to the instant
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
            segment,
            inside.get(segment, False),
            turned.get(segment, now),
            version.number,
            *_membership_before(version, members),
        )
        for segment, version in sorted(definitions.versions.items())
        if inside.get(segment, False) is not (segment in members)
    ]
    return Evaluation((*end(definitions, members, now), *changes), next_at)


def end(
    definitions: ActiveDefinitions, members: Mapping[str, Membership], now: int
) -> tuple[MembershipChange, ...]:
    """The exits of a profile from the segments that have been deleted."""
    left = sorted(members.keys() & definitions.ended.keys())
    if not left:
        return ()
    names = {version.renamed_from: name for name, version in definitions.versions.items()}
    return tuple(
        MembershipChange(segment, False, now, definitions.ended[segment], names.get(segment))
        for segment in left
    )


def _membership_before(
    version: DefinitionVersion, members: Mapping[str, Membership]
) -> tuple[str, int] | tuple[None, None]:
    """The name that a renamed segment had, and since when the profile was a member by it."""
    before = version.renamed_from
    if before is None or before not in members:
        return None, None
    return before, members[before].since


def _follow(
    summary: Summary,
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    now: int,
    due_at: int | None,
) -> tuple[dict[str, bool], dict[str, int], int | None]:
    """From `due_at` to `now`: which segments hold at the end, since when, and the next turn."""
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
