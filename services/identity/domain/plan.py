"""A plan: what one observation brings together, and what it leaves out and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

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
    """A tenure to be opened. `profile` is whose it is: None for the one that the plan ends in.

    An opening that is `apart` founds a profile of its own.
    """

    key: str
    assurance: Assurance
    opened_at: int = BEGINNING
    bound_at: int | None = None
    profile: str | None = None
    apart: bool = False
    shadow: bool = False


@dataclass(slots=True)
class ResolutionPlan:
    """What is to become one profile, gathered from the strongest identifier down.

    `parts` maps a profile to the streams that are taken from it, None for all of them. The first
    identifier is never refused; a later one is where it would break a limit. `ties` are the streams
    whose assurance changes, `earlier` those that began earlier than was known. `reached` lists the
    identifiers that are in, with their tenures.
    """

    state: IdentityState
    signed_in: bool
    parts: dict[str, set[str] | None] = field(default_factory=dict)
    openings: list[TenureOpening] = field(default_factory=list)
    ties: dict[str, tuple[Assurance, int | None]] = field(default_factory=dict)
    earlier: dict[str, int] = field(default_factory=dict)
    reached: list[tuple[Identifier, Assurance, Tenure | None]] = field(default_factory=list)
    ignored: list[Ignored] = field(default_factory=list)

    def holds(self, tenure: Tenure) -> bool:
        """Whether the stream is in already."""
        if tenure.profile not in self.parts:
            return False
        part = self.parts[tenure.profile]
        return part is None or tenure.stream in part

    def take_all(self, profile: str) -> str | None:
        """Take a whole profile in; a sentence if that would break a limit."""
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
        """Take a guest's stream in, and what surely is the same guest's; a sentence for a limit.

        All of the profile is, unless claims may have put several people into it: several devices,
        several values of one type, the name of an account that nobody has proven, or a device on
        which accounts have followed one another. Then it is what the stream's bond ties alone.
        """
        members = self.state.members(tenure.profile)
        bonded = {m.stream for m in members if m.bond == tenure.bond}
        if self._is_one_guest(members, bonded) and not self.take_all(tenure.profile):
            return None
        taken = bonded | (self.parts.get(tenure.profile) or set())
        others = [t for t in self._members() if t.profile != tenure.profile]
        part = [m for m in members if m.stream in taken]
        refusal = self._refusal([*others, *part], {*self.parts, tenure.profile})
        if not refusal:
            self.parts[tenure.profile] = None if len(part) == len(members) else taken
        return refusal

    def open(self, opening: TenureOpening) -> str | None:
        """Open a tenure in what is being put together; a sentence if that would break a limit."""
        if self.parts or self.openings:
            members = self._members()
            if len(members) + len(self.openings) >= self.state.rules.most_identifiers:
                return FULL
            kind = self.state.rules.types.by_name[opening.key.partition(":")[0]]
            values = self._keys(members).get(kind.name, set()) | {opening.key}
            if kind.at_most and len(values) > kind.at_most:
                return TOO_MANY
        self.openings.append(opening)
        return None

    def reach(
        self,
        identifier: Identifier,
        assurance: Assurance,
        tenure: Tenure | None,
        refusal: str | None = None,
    ) -> None:
        """An identifier is in, in a tenure that it has or in a new one; or it was refused."""
        if refusal:
            self.ignore(identifier, refusal)
        else:
            self.reached.append((identifier, assurance, tenure))

    def ignore(self, identifier: Identifier, reason: str) -> None:
        """Leave an identifier out, and say why."""
        self.ignored.append(Ignored(identifier.type.name, reason))

    def strangers(self, held: Iterable[Tenure]) -> bool:
        """Whether an account that has no part in the plan was ever signed in on a device."""
        return any(is_signed_in(self.state, t) and t.profile not in self.parts for t in held)

    def clashes(self, profile: str, identifier: Identifier) -> bool:
        """Whether the profile has as many other values of a limited account type as it may have."""
        kind = identifier.type
        if kind.assurance != "verified" or not kind.at_most:
            return False
        known = members_by_type(self.state.members(profile)).get(kind.name, set())
        return len(known | {identifier.key}) > kind.at_most

    @property
    def changes_nothing(self) -> bool:
        """Whether everything is as the plan wants it."""
        return (
            not self.openings
            and not self.ties
            and not self.earlier
            and len(self.parts) == 1
            and None in self.parts.values()
            and len({tenure.bond for tenure in self.bonded()}) <= 1
        )

    def bonded(self) -> list[Tenure]:
        """The devices of a guest that were seen together: claims aside, they are one."""
        if self.signed_in or any(self.state.verified(profile) for profile in self.parts):
            return []
        return [
            tenure
            for _, assurance, tenure in self.reached
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
        rules = self.state.rules
        keys = self._keys(members)
        for kind in rules.types.by_name.values():
            most = kind.at_most if kind.assurance == "verified" else None
            if most and len(keys.get(kind.name, ())) > most:
                return OTHER_ACCOUNT
        if len(members) + len(self.openings) > rules.most_identifiers:
            return FULL
        merges = sum(self.state.profiles[name].merges for name in profiles) + len(profiles) - 1
        return MERGED_TOO_OFTEN if merges > rules.most_merges else None

    def _is_one_guest(self, members: Iterable[Tenure], bonded: set[str]) -> bool:
        rules = self.state.rules
        devices = [m for m in members if rules.is_device(m)]
        claims = [m for m in members if not rules.is_device(m)]
        return (
            len({device.bond for device in devices}) <= 1
            and all(device.opened_at == BEGINNING or device.stream in bonded for device in devices)
            and all(len(keys) == 1 for keys in members_by_type(claims).values())
            and not any(rules.names_account(c) and c.stream not in bonded for c in claims)
        )
