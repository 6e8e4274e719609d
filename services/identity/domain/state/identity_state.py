"""The facts that were loaded, with an index of each kind, and what of them has changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from typing import Any

from services.identity.domain.state.device_line import DeviceLine
from services.identity.domain.state.facts import (
    NOBODY,
    AddressTenure,
    KeptResolution,
    Period,
    ProfileFacts,
    Repair,
    Sighting,
    SightingPlace,
    Stream,
    Tenure,
)
from services.identity.domain.state.needs import Incomplete, Needs, WouldChange
from services.identity.domain.state.policy import IdentityPolicy


@dataclass(slots=True)
class IdentityState:
    """What was loaded, by its keys, and what of it has changed since.

    `loaded` says what is here whole, `whole_keys` of which keys without a line all tenures are,
    `whole_tenures` on which tenures all address streams are (on a till, those of its profile), and
    `whole_addresses` of which addresses all tenures are. `left_beyond` has the newest stream of
    each address that a proof did not move. `repairs` are those of a support desk that may have an
    inverse, the newest last, and `new_repairs` those that are to be stored. `kept` has, by
    event id, where those go that have been resolved before. A state that is
    `frozen` raises WouldChange. `journal` has the streams that have changed since `begin`, as they
    were then, and `has_changed` says whether anything has; `changed_by` are the ids of the events
    that have changed something.
    """

    policy: IdentityPolicy
    frozen: bool = False
    loaded: Needs = field(default_factory=Needs)
    tenures: dict[str, Tenure] = field(default_factory=dict)
    sightings: dict[SightingPlace, Sighting] = field(default_factory=dict)
    profiles: dict[str, ProfileFacts] = field(default_factory=dict)
    repairs: list[Repair] = field(default_factory=list)
    new_repairs: list[Repair] = field(default_factory=list)
    kept: dict[str, KeptResolution] = field(default_factory=dict)
    journal: dict[str, Stream | None] = field(default_factory=dict)
    has_changed: bool = False
    changed_by: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    changed_sightings: set[SightingPlace] = field(default_factory=set)
    changed_profiles: set[str] = field(default_factory=set)
    changed_periods: set[tuple[str, int]] = field(default_factory=set)
    changed_addresses: set[tuple[str, int]] = field(default_factory=set)
    left_beyond: dict[tuple[str, int], Sighting] = field(default_factory=dict)
    whole_keys: set[str] = field(default_factory=set)
    whole_tenures: set[str] = field(default_factory=set)
    whole_addresses: set[str] = field(default_factory=set)
    new: set[str] = field(default_factory=set)
    new_groups: set[str] = field(default_factory=set)
    _lines: dict[str, DeviceLine] = field(default_factory=dict)
    _addresses: dict[str, dict[int, AddressTenure]] = field(default_factory=dict)
    _address_streams: dict[str, SightingPlace] = field(default_factory=dict)
    _by_key: dict[str, set[str]] = field(default_factory=dict)
    _members: dict[str, set[str]] = field(default_factory=dict)
    _groups: dict[str, set[str]] = field(default_factory=dict)
    _on: dict[str, set[SightingPlace]] = field(default_factory=dict)
    _pinned: dict[str, set[str]] = field(default_factory=dict)
    _of_address: dict[str, set[SightingPlace]] = field(default_factory=dict)

    def copy(self) -> IdentityState:
        """A state of the same facts, which changes apart from this one."""
        own = {each.name: _copied(getattr(self, each.name)) for each in fields(self)}
        return IdentityState(**own)

    # What was loaded

    def load(
        self,
        tenures: Iterable[Tenure] = (),
        addresses: Iterable[AddressTenure] = (),
        sightings: Iterable[Sighting] = (),
    ) -> None:
        """Take in rows of the tables."""
        for tenure in tenures:
            if tenure.stream not in self.tenures:
                self._put_tenure(tenure)
        for address in addresses:
            self._addresses.setdefault(address.key, {})[address.number] = address
        for sighting in sightings:
            if sighting.place not in self.sightings:
                self._put_sighting(sighting)

    # Reading

    def stream(self, stream: str) -> Stream:
        """A stream of either kind; Incomplete if it was not loaded."""
        found = self.find(stream)
        if found is None:
            raise Incomplete(Needs(streams=frozenset([stream])))
        return found

    def find(self, stream: str) -> Stream | None:
        """A stream of either kind, if it was loaded."""
        tenure = self.tenures.get(stream)
        if tenure is not None:
            return tenure
        place = self._address_streams.get(stream)
        return None if place is None else self.sightings[place]

    def tenure(self, stream: str) -> Tenure:
        """A tenure; Incomplete if it was not loaded."""
        tenure = self.tenures.get(stream)
        if tenure is None:
            raise Incomplete(Needs(streams=frozenset([stream])))
        return tenure

    def streams(self) -> list[Stream]:
        """All streams that were loaded, sorted."""
        found = sorted([*self.tenures, *self._address_streams])
        return [self.stream(stream) for stream in found]

    def tenures_of(self, key: str) -> list[Tenure]:
        """The tenures of a key that were loaded, in the order of their numbers."""
        streams = self._by_key.get(key)
        if not streams:
            return []
        tenures = [self.tenures[stream] for stream in streams]
        if len(tenures) > 1:
            tenures.sort(key=lambda tenure: tenure.number)
        return tenures

    def current(self, key: str) -> Tenure | None:
        """The tenure that a key leads to."""
        for stream in self._by_key.get(key, ()):
            if self.tenures[stream].current:
                return self.tenures[stream]
        return None

    def line(self, key: str) -> DeviceLine:
        """The line of a device; WouldChange if only its current tenure was loaded."""
        line = self._lines.get(key)
        if line is None:
            if key not in self.whole_keys:
                raise WouldChange
            line = self._lines[key] = DeviceLine(key)
        return line

    def load_lines(self, lines: Iterable[DeviceLine]) -> None:
        """Take in the lines of devices whose tenures were loaded."""
        for line in lines:
            self._lines[line.key] = line
            for period in list(line):
                line.put(period.as_of(self.tenures))

    def in_force(self, key: str, time: int) -> Period | None:
        """The period of a device in force at a time; None before the first one."""
        if key not in self._lines and key not in self.whole_keys:
            current = self.current(key)
            if current is None or current.opened_at > time:
                raise WouldChange
            return Period(key, current.opened_at, current.stream)
        return next(self.line(key).until(time), None)

    def accounts_from(self, key: str, time: int) -> list[Tenure]:
        """The tenures of accounts on a device that were opened last at an instant."""
        self.line(key).begun_at(time)
        return [t for t in self.tenures_of(key) if t.signed_in and t.opened_at == time]

    def spare(self, key: str) -> Tenure | None:
        """The guest's tenure of a device in which nobody was seen."""
        return next((t for t in self.tenures_of(key) if t.empty and not t.signed_in), None)

    def address(self, key: str, time: int) -> AddressTenure:
        """The tenure of an address in force at a time."""
        tenures = self._addresses.get(key, {}).values()
        begun = [tenure for tenure in tenures if tenure.opened_at <= time]
        if begun:
            return max(begun, key=lambda tenure: tenure.number)
        if tenures and key not in self.whole_addresses:
            raise WouldChange
        return AddressTenure(key)

    def address_tenure(self, key: str, number: int) -> AddressTenure:
        """A tenure of an address; Incomplete if it may be held and was not loaded."""
        found = self._addresses.get(key, {}).get(number)
        if found is None:
            if key not in self.whole_addresses:
                raise Incomplete(Needs(addresses=frozenset([key])))
            return AddressTenure(key, number)
        return found

    def address_tenures(self) -> list[AddressTenure]:
        """All tenures of addresses that were loaded."""
        return [tenure for tenures in self._addresses.values() for tenure in tenures.values()]

    def sighting(self, address: str, number: int, on: str) -> Sighting | None:
        """A sighting by its key; Incomplete if it was not asked for."""
        found = self.sightings.get((address, number, on))
        if found is None and not self._is_known(address, on):
            raise Incomplete(Needs(pairs=frozenset([(address, on)])))
        return found

    def _is_known(self, address: str, on: str) -> bool:
        return (address, on) in self.loaded.pairs or on in self.new

    def movable(self, address: str, number: int) -> list[Sighting]:
        """The address streams that a proof moves, the newest first, and one more if there are more.

        Incomplete if some may be missing.
        """
        if address not in self.loaded.addresses:
            raise Incomplete(Needs(addresses=frozenset([address])))
        seen = [self.sightings[place] for place in self._of_address.get(address, ())]
        found = [
            s
            for s in seen
            if s.number == number and s.stream and s.on != NOBODY and not s.beyond_proof
        ]
        found.sort(key=lambda s: (s.seen_at, s.stream), reverse=True)
        return found[: self.policy.most_proven + 1]

    def sightings_on(self, stream: str) -> list[Sighting]:
        """The sightings on a tenure that have streams, or are an account's own.

        Of a till's, those that are in its profile are sure to be there.
        """
        if stream not in self.whole_tenures and stream not in self.new:
            raise Incomplete(Needs(groups=frozenset([self.tenure(stream).group])))
        return [self.sightings[place] for place in sorted(self._on.get(stream, ()))]

    def pinned_to(self, stream: str) -> list[str]:
        """The address streams that a desk has pinned to a stream; Incomplete if not asked for."""
        if stream not in self.loaded.anchors and stream not in self.new:
            raise Incomplete(Needs(anchors=frozenset([stream])))
        return sorted(self._pinned.get(stream, ()))

    def members(self, profile: str) -> list[Stream]:
        """All streams in a profile, sorted; Incomplete if some may be missing."""
        if profile not in self.loaded.profiles and profile not in self.new:
            raise Incomplete(Needs(profiles=frozenset([profile])))
        return [self.stream(stream) for stream in sorted(self._members.get(profile, ()))]

    def group(self, group: str) -> list[Tenure]:
        """The tenures of a group, sorted; Incomplete if some may be missing."""
        if group not in self.loaded.groups and group not in self.new_groups:
            raise Incomplete(Needs(groups=frozenset([group])))
        return [self.tenures[stream] for stream in sorted(self._groups.get(group, ()))]

    def profile(self, profile: str) -> ProfileFacts:
        """What is known of a profile as a whole."""
        return self.profiles.get(profile) or ProfileFacts()

    # Changing

    def is_new(self, stream: str) -> bool:
        """Whether a stream was made since `begin`."""
        return stream in self.journal and self.journal[stream] is None

    def begin(self) -> None:
        """From here on `journal` has what changes."""
        self.journal = {}
        self.has_changed = False

    def add(self, tenure: Tenure) -> Tenure:
        """Add a new tenure."""
        self._note(tenure.stream, None)
        self.new.add(tenure.stream)
        self.new_groups.add(tenure.stream)
        self._put_tenure(tenure)
        self.changed.add(tenure.stream)
        self._count(tenure, 1)
        return tenure

    def add_sighting(self, sighting: Sighting) -> Sighting:
        """Add a new sighting, or make one an address stream."""
        if sighting.stream:
            self._note(sighting.stream, None)
            self.new.add(sighting.stream)
            self._count(sighting, 1)
        else:
            self._change()
        self._put_sighting(sighting)
        self.changed_sightings.add(sighting.place)
        return sighting

    def change(self, stream: str, **fields: Any) -> Tenure:
        """Change a tenure; its profile is changed by `move`."""
        before = self.tenure(stream)
        for name, value in fields.items():
            if getattr(before, name) != value:
                break
        else:
            return before  # a copy costs more than all of the comparisons
        after = before._replace(**fields)
        self._note(stream, before)
        self._remove_tenure(before)
        self._put_tenure(after)
        self.changed.add(stream)
        if after.group != before.group:
            self.new_groups.add(after.group)
        if _is_tied(after) != _is_tied(before):
            self._count(after, 1 if _is_tied(after) else -1, always=True)
        return after

    def change_sighting(self, sighting: Sighting, **fields: Any) -> Sighting:
        """Change a sighting; the profile of its stream is changed by `move`."""
        after = sighting._replace(**fields)
        if after != sighting:
            self._note(sighting.stream, sighting)
            self._put_sighting(after)
            self.changed_sightings.add(after.place)
        return after

    def move(self, stream: str, profile: str) -> None:
        """Put a stream into another profile."""
        before = self.stream(stream)
        self._count(before, -1)
        self._members[before.profile].discard(stream)
        if isinstance(before, Tenure):
            after: Stream = self.change(stream, profile=profile)
        else:
            after = self.change_sighting(before, profile=profile)
        self._members.setdefault(profile, set()).add(stream)
        self._count(after, 1)

    def set_period(self, period: Period) -> None:
        """Add a period of a device, or put another in its place."""
        self._change()
        self.line(period.key).put(period)
        self.changed_periods.add((period.key, period.opened_at))

    def set_address(self, tenure: AddressTenure) -> None:
        """Add a tenure of an address, or put another in its place."""
        self._change()
        self._addresses.setdefault(tenure.key, {})[tenure.number] = tenure
        self.changed_addresses.add((tenure.key, tenure.number))

    def leave_beyond(self, first: Sighting) -> None:
        """An address stream that a proof moves no longer, and all older ones of its address."""
        self.left_beyond[first.address, first.number] = first
        for place in self._of_address[first.address]:
            sighting = self.sightings[place]
            is_older = (sighting.seen_at, sighting.stream) <= (first.seen_at, first.stream)
            is_movable = bool(sighting.stream) and sighting.on != NOBODY
            if sighting.number == first.number and is_movable and is_older:
                self.change_sighting(sighting, beyond_proof=True)

    def set_account(self, profile: str, account: bool) -> None:
        """Note whether a profile is an account."""
        facts = self.profile(profile)
        if facts.account != account:
            self.profiles[profile] = ProfileFacts(account, facts.tied)
            self.changed_profiles.add(profile)

    def changed_rows(self) -> tuple[list[Period], list[AddressTenure]]:
        """The periods and the tenures of addresses that have changed."""
        return (
            [
                period
                for key, at in sorted(self.changed_periods)
                if (period := self._lines[key].opening(at))
            ],
            [self._addresses[key][number] for key, number in sorted(self.changed_addresses)],
        )

    def _note(self, stream: str, before: Stream | None) -> None:
        self._change()
        self.journal.setdefault(stream, before)

    def _change(self) -> None:
        if self.frozen:
            raise WouldChange
        self.has_changed = True

    def _count(self, stream: Stream, by: int, *, always: bool = False) -> None:
        facts = self.profile(stream.profile)
        if always or _is_tied(stream):
            facts = ProfileFacts(facts.account, facts.tied + by)
        self.profiles[stream.profile] = facts
        self.changed_profiles.add(stream.profile)

    def _put_tenure(self, tenure: Tenure) -> None:
        self.tenures[tenure.stream] = tenure
        self._by_key.setdefault(tenure.key, set()).add(tenure.stream)
        self._members.setdefault(tenure.profile, set()).add(tenure.stream)
        self._groups.setdefault(tenure.group, set()).add(tenure.stream)

    def _remove_tenure(self, tenure: Tenure) -> None:
        self._members[tenure.profile].discard(tenure.stream)
        self._groups[tenure.group].discard(tenure.stream)

    def _put_sighting(self, sighting: Sighting) -> None:
        before = self.sightings.get(sighting.place)
        if before is not None and before.pin:
            self._pinned[before.pin].discard(before.stream)
        if sighting.pin:
            self._pinned.setdefault(sighting.pin, set()).add(sighting.stream)
        self.sightings[sighting.place] = sighting
        self._on.setdefault(sighting.on, set()).add(sighting.place)
        self._of_address.setdefault(sighting.address, set()).add(sighting.place)
        if sighting.stream:
            self._address_streams[sighting.stream] = sighting.place
            self._members.setdefault(sighting.profile, set()).add(sighting.stream)


def _copied(value: Any) -> Any:
    """Collections, and those in them, once more; what does not change as it is."""
    if isinstance(value, dict):
        if value and isinstance(next(iter(value.values())), (dict, set, DeviceLine)):
            return {key: each.copy() for key, each in value.items()}
        return value.copy()
    return value.copy() if isinstance(value, (list, set)) else value


def _is_tied(stream: Stream) -> bool:
    """Whether a stream counts as one of those of which a profile may have so many."""
    return isinstance(stream, Sighting) or (stream.assurance == "device" and not stream.signed_in)
