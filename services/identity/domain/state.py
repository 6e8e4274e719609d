"""The state that observations are resolved against: tenures of identifiers, and profiles."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from identifiers import Assurance, IdentifierType, IdentifierTypes

BEGINNING = -(2**62)  # when an identifier's first tenure opens: before all times


@dataclass(frozen=True, slots=True)
class Tenure:
    """An identifier in one tenure, which is one stream, and the profile that the stream is in.

    A tenure of a device lasts from `opened_at` (microseconds) until its next one opens; other
    identifiers have further tenures only where the earlier ones cannot be used, see `resolution`.
    `assurance` is what ties the stream to its profile: in the profile of an account, `device` says
    that the account was signed in there, at `signed_in_at` at the latest, and `claimed` that a
    claim brought it. Streams with the same `same_device` were seen together without a claim, so
    that they come from one device. The key of a tenure that is not `current` leads elsewhere today.
    `epoch` counts the stream's moves. `split_marks` names the splits by a support desk and this
    stream's side in each: `<split>/<side> …`.
    """

    stream: str
    key: str
    number: int
    opened_at: int
    founded_at: int
    profile: str
    epoch: int
    assurance: Assurance
    same_device: str
    signed_in_at: int | None = None
    current: bool = True
    split_marks: str = ""

    @property
    def type(self) -> str:
        """The name of the identifier's type."""
        return self.key.partition(":")[0]


@dataclass(frozen=True, slots=True)
class Profile:
    """A profile: whether it has a verified identifier, and how many merges made it."""

    id: str
    verified: bool = False
    merges: int = 0


@dataclass(frozen=True, slots=True)
class IdentityPolicy:
    """The identifier types, and how large a profile may grow."""

    types: IdentifierTypes
    most_identifiers: int = 1_000
    most_merges: int = 100

    def type_of(self, tenure: Tenure) -> IdentifierType | None:
        """The type of a tenure's identifier; None if it is no longer configured."""
        return self.types.by_name.get(tenure.type)

    def is_device(self, tenure: Tenure) -> bool:
        """Whether a tenure's identifier is that of a device."""
        kind = self.type_of(tenure)
        return kind is not None and kind.assurance == "device"

    def names_account(self, tenure: Tenure) -> bool:
        """Whether a tenure's identifier names an account."""
        kind = self.type_of(tenure)
        return kind is not None and kind.assurance == "verified"


class IncompleteState(Exception):
    """The result depends on all streams of a profile, of which only some were loaded."""


@dataclass(slots=True)
class IdentityState:
    """The tenures, by stream and by key, and the profiles, by id, that were loaded.

    All tenures of each key in question are here; all streams of a profile only if the profile is in
    `complete`. The streams in `changed` and the profiles in `changed_profiles` are to be saved.
    """

    policy: IdentityPolicy
    tenures: dict[str, Tenure] = field(default_factory=dict)
    profiles: dict[str, Profile] = field(default_factory=dict)
    complete: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    changed_profiles: set[str] = field(default_factory=set)
    _by_key: dict[str, list[str]] = field(default_factory=dict)
    _members: dict[str, set[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        policy: IdentityPolicy,
        tenures: Iterable[Tenure] = (),
        profiles: Iterable[Profile] = (),
        complete: Iterable[str] = (),
    ) -> IdentityState:
        """The state made of the tenures and profiles that were loaded."""
        state = cls(policy, profiles={profile.id: profile for profile in profiles})
        state.complete.update(complete)
        for tenure in tenures:
            state._index(tenure)
        return state

    def tenures_of(self, key: str) -> list[Tenure]:
        """The tenures of a key, in the order in which they were made."""
        tenures = [self.tenures[stream] for stream in self._by_key.get(key, ())]
        if len(tenures) > 1:
            tenures.sort(key=lambda tenure: tenure.number)
        return tenures

    def members(self, profile: str) -> list[Tenure]:
        """All tenures in a profile, by stream; IncompleteState if some were not loaded."""
        if profile not in self.complete:
            raise IncompleteState
        return [self.tenures[stream] for stream in sorted(self._members.get(profile, ()))]

    def verified(self, profile: str) -> bool:
        """Whether a profile has a verified identifier."""
        return self.profiles[profile].verified

    def add(self, tenure: Tenure) -> None:
        """Add a new stream."""
        self._index(tenure)
        self.changed.add(tenure.stream)

    def change(self, stream: str, **fields: object) -> None:
        """Change a stream's fields, its profile included."""
        before = self.tenures[stream]
        after = replace(before, **fields)  # type: ignore[arg-type]
        if after != before:
            self._members[before.profile].discard(stream)
            self._members.setdefault(after.profile, set()).add(stream)
            self.tenures[stream] = after
            self.changed.add(stream)

    def put(self, profile: Profile) -> None:
        """Add a profile, all of whose streams are here, or change one."""
        if self.profiles.get(profile.id) != profile:
            if profile.id not in self.profiles:
                self.complete.add(profile.id)
            self.profiles[profile.id] = profile
            self.changed_profiles.add(profile.id)

    def _index(self, tenure: Tenure) -> None:
        self.tenures[tenure.stream] = tenure
        self._by_key.setdefault(tenure.key, []).append(tenure.stream)
        self._members.setdefault(tenure.profile, set()).add(tenure.stream)


def split_sides(members: Iterable[Tenure]) -> dict[str, set[str]]:
    """The splits that `members` were in, and on which sides."""
    sides: dict[str, set[str]] = {}
    for member in members:
        for mark in member.split_marks.split():
            split, _, side = mark.partition("/")
            sides.setdefault(split, set()).add(side)
    return sides


def in_force(tenures: Iterable[Tenure], time: int) -> list[Tenure]:
    """Of the tenures of a device, those that were the last to open by `time`, the newest one last.

    There is more than one only where a tenure was opened in place of another.
    """
    begun = [tenure for tenure in tenures if tenure.opened_at <= time]
    latest = max((tenure.opened_at for tenure in begun), default=BEGINNING)
    return [tenure for tenure in begun if tenure.opened_at == latest]


def is_signed_in(state: IdentityState, tenure: Tenure) -> bool:
    """Whether an account was signed in on a device during a tenure."""
    return (
        tenure.assurance == "device"
        and state.verified(tenure.profile)
        and state.policy.is_device(tenure)
    )


def members_by_type(members: Iterable[Tenure]) -> Mapping[str, set[str]]:
    """The keys of each type among `members`."""
    keys: dict[str, set[str]] = {}
    for member in members:
        keys.setdefault(member.type, set()).add(member.key)
    return keys
