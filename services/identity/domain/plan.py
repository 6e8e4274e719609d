"""A plan: what one observation brings together, and what it leaves out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from identifiers import Assurance, Identifier, Ignored
from services.identity.domain.state import (
    BEGINNING,
    IdentityState,
    Tenure,
    is_signed_in,
    members_by_type,
    split_sides,
)

OTHER_ACCOUNT = "merge_refused: it belongs to another account"
FULL = "merge_refused: the profile has as many identifiers as a profile may have"
TOO_MANY = "merge_refused: the profile has as many identifiers of this type as it may have"
SPLIT_BY_SUPPORT = (
    "merge_refused: a support desk has split them; identity.merge alone joins them again"
)
MERGED_TOO_OFTEN = "merge_refused: the profile has been merged as often as a profile may be"


@dataclass(frozen=True, slots=True)
class TenureOpening:
    """A tenure to be opened, in `profile`; if that is None, in the one that the plan ends in.

    An opening with `founds_profile` gets a profile of its own. One that is not `current` is not
    where its key leads from now on.
    """

    key: str
    assurance: Assurance
    opened_at: int = BEGINNING
    signed_in_at: int | None = None
    profile: str | None = None
    founds_profile: bool = False
    current: bool = True


class Link(NamedTuple):
    """An identifier that is part of a plan, with its tenure; None for one that is to be opened."""

    identifier: Identifier
    assurance: Assurance
    tenure: Tenure | None


@dataclass(slots=True)
class ResolutionPlan:
    """What is to become one profile, gathered from the strongest identifier down.

    `parts` maps a profile to the streams that are taken from it, None for all of them. The first
    identifier is never refused; a later one is if it would break a limit. `assurances` has the
    streams whose assurance changes, with the time of the sign-in if there was one; `earlier` those
    that turn out to have begun earlier.
    """

    state: IdentityState
    signed_in: bool
    parts: dict[str, set[str] | None] = field(default_factory=dict)
    openings: list[TenureOpening] = field(default_factory=list)
    assurances: dict[str, tuple[Assurance, int | None]] = field(default_factory=dict)
    earlier: dict[str, int] = field(default_factory=dict)
    links: list[Link] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def includes(self, tenure: Tenure) -> bool:
        """Whether the stream is part of the plan already."""
        if tenure.profile not in self.parts:
            return False
        part = self.parts[tenure.profile]
        return part is None or tenure.stream in part

    def take_all(self, profile: str) -> str | None:
        """Take a whole profile in; returns the reason if that would break a limit."""
        if profile in self.parts and self.parts[profile] is None:
            return None
        if self.parts or self.openings:
            others = [t for t in self._members() if t.profile != profile]
            refusal = self._refusal([*others, *self.state.members(profile)], {*self.parts, profile})
            if refusal:
                return refusal
        self.parts[profile] = None
        return None

    def take(self, tenure: Tenure) -> str | None:
        """Take a guest's stream in, and all that is certainly the same guest's.

        That is the whole profile, unless claims may have put several people into it: it has several
        devices, several values of one type, the name of an account that nobody has proven, or a
        device on which accounts have followed one another. Then it is only what was seen on the
        same device. Returns the reason if that would break a limit.
        """
        members = self.state.members(tenure.profile)
        same_device = {m.stream for m in members if m.same_device == tenure.same_device}
        if self._is_one_guest(members, same_device) and not self.take_all(tenure.profile):
            return None
        streams = same_device | (self.parts.get(tenure.profile) or set())
        others = [t for t in self._members() if t.profile != tenure.profile]
        part = [m for m in members if m.stream in streams]
        refusal = self._refusal([*others, *part], {*self.parts, tenure.profile})
        if not refusal:
            self.parts[tenure.profile] = None if len(part) == len(members) else streams
        return refusal

    def open(self, opening: TenureOpening) -> str | None:
        """Open a tenure in what is being put together; returns the reason if a limit forbids it."""
        if self.parts or self.openings:
            members = self._members()
            if len(members) + len(self.openings) >= self.state.policy.most_identifiers:
                return FULL
            kind = self.state.policy.types.by_name[opening.key.partition(":")[0]]
            values = self._keys(members).get(kind.name, set()) | {opening.key}
            if kind.at_most and len(values) > kind.at_most:
                return TOO_MANY
        self.openings.append(opening)
        return None

    def link(
        self,
        identifier: Identifier,
        assurance: Assurance,
        tenure: Tenure | None,
        refusal: str | None = None,
    ) -> None:
        """Make an identifier part of the plan, or leave it out if there is a `refusal`."""
        if refusal:
            self.ignore(identifier, refusal)
        else:
            self.links.append(Link(identifier, assurance, tenure))

    def ignore(self, identifier: Identifier, reason: str) -> None:
        """Leave an identifier out, and say why."""
        self.ignored.append(Ignored(identifier.type.name, reason))

    def other_account_signed_in(self, tenures: Iterable[Tenure]) -> bool:
        """Whether an account that is not part of the plan was ever signed in on a device."""
        return any(is_signed_in(self.state, t) and t.profile not in self.parts for t in tenures)

    @property
    def changes_nothing(self) -> bool:
        """Whether everything is already as the plan wants it."""
        return (
            not self.openings
            and not self.assurances
            and not self.earlier
            and len(self.parts) == 1
            and None in self.parts.values()
            and len({tenure.same_device for tenure in self.devices_seen_together()}) <= 1
        )

    def devices_seen_together(self) -> list[Tenure]:
        """The tenures of a guest's devices in this event: claims aside, they are one device."""
        if self.signed_in or any(self.state.verified(profile) for profile in self.parts):
            return []
        return [
            tenure
            for _, assurance, tenure in self.links
            if tenure and assurance == "device" and tenure.opened_at == BEGINNING
        ]

    def _members(self) -> list[Tenure]:
        return [
            tenure
            for profile, part in self.parts.items()
            for tenure in self.state.members(profile)
            if part is None or tenure.stream in part
        ]

    def _keys(self, members: Iterable[Tenure]) -> dict[str, set[str]]:
        keys = {name: set(values) for name, values in members_by_type(members).items()}
        for opening in self.openings:
            keys.setdefault(opening.key.partition(":")[0], set()).add(opening.key)
        return keys

    def _refusal(self, members: list[Tenure], profiles: set[str]) -> str | None:
        if any(len(sides) > 1 for sides in split_sides(members).values()):
            return SPLIT_BY_SUPPORT
        policy = self.state.policy
        keys = self._keys(members)
        for kind in policy.types.by_name.values():
            most = kind.at_most if kind.assurance == "verified" else None
            if most and len(keys.get(kind.name, ())) > most:
                return OTHER_ACCOUNT
        if len(members) + len(self.openings) > policy.most_identifiers:
            return FULL
        merges = sum(self.state.profiles[name].merges for name in profiles) + len(profiles) - 1
        return MERGED_TOO_OFTEN if merges > policy.most_merges else None

    def _is_one_guest(self, members: Iterable[Tenure], same_device: set[str]) -> bool:
        policy = self.state.policy
        devices = [m for m in members if policy.is_device(m)]
        claims = [m for m in members if not policy.is_device(m)]
        return (
            len({device.same_device for device in devices}) <= 1
            and all(d.opened_at == BEGINNING or d.stream in same_device for d in devices)
            and all(len(keys) == 1 for keys in members_by_type(claims).values())
            and not any(policy.names_account(c) and c.stream not in same_device for c in claims)
        )


def exceeds_limit(state: IdentityState, profile: str, identifier: Identifier) -> bool:
    """Whether a profile already has as many other values of an account's type as allowed."""
    kind = identifier.type
    if kind.assurance != "verified" or not kind.at_most:
        return False
    keys = members_by_type(state.members(profile)).get(kind.name, set())
    return len(keys | {identifier.key}) > kind.at_most
