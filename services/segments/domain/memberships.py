"""Memberships, and how they change: by entry, by exit, and where a segment gets another name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from services.segments.domain.definitions import ActiveDefinitions, DefinitionVersion


@dataclass(frozen=True, slots=True)
class Membership:
    """That a profile is in a segment: since when, and by which version of its definition."""

    since: int
    definition_version: int


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


def change_to(
    version: DefinitionVersion,
    inside: bool,
    at: int,
    before: Mapping[str, Membership],
    generation: int,
) -> MembershipChange:
    """The entry or exit of a profile that was evaluated by `generation` last.

    `before` are its memberships before: it may be a member by a former name of the segment.
    """
    other_name = _former_name(version, before, generation)
    since = None if other_name is None else before[other_name].since
    segment = version.definition.segment
    return MembershipChange(segment, inside, at, version.number, other_name, since)


def ends_of(
    definitions: ActiveDefinitions,
    members: Mapping[str, Membership],
    generation: int,
    now: int,
) -> tuple[MembershipChange, ...]:
    """The exits from deleted segments of a profile that was evaluated by `generation` last."""
    left = sorted(members.keys() & definitions.ended.keys())
    if not left:
        return ()
    names = {
        former: name
        for name, version in definitions.versions.items()
        if (former := _former_name(version, members, generation)) is not None
    }
    return tuple(
        MembershipChange(segment, False, now, definitions.ended[segment], names.get(segment))
        for segment in left
    )


def _former_name(
    version: DefinitionVersion, members: Mapping[str, Membership], generation: int
) -> str | None:
    """The last of a segment's former names by which a profile is still a member, if it is.

    That is one that was given up after the profile was evaluated, by `generation`. Another segment
    that got the name later has other versions.
    """
    for name, end_of_name in version.former_names.items():
        membership = members.get(name)
        if (
            membership is not None
            and generation < end_of_name.generation
            and membership.definition_version < end_of_name.version
        ):
            return name
    return None
