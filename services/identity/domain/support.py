"""What a support desk may do, pure: split a profile, and merge two of them.

A split leaves marks in the tenures of both sides, so that nothing observed later joins them again:
only a merge by the support desk does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from chassis import Conflict, InvalidInput, Refused
from services.identity.domain.change import IdentityChange, finish
from services.identity.domain.labels import part_of, relabel
from services.identity.domain.repairs import find_inverse, remember, rows_of, take_back
from services.identity.domain.state import (
    IdentityState,
    Repair,
    Sighting,
    Stream,
    Tenure,
    split_sides,
)

_REDRAWN = "claims alone had joined them"


def split(
    state: IdentityState, profile: str, keys: Collection[str], split_id: str, time: int, note: str
) -> tuple[tuple[str, str], IdentityChange]:
    """Part the streams of the identifiers `keys` from the rest of a profile.

    Returns the two profiles, the one that keeps its id first.
    """
    members = state.members(profile)
    named = [member for member in members if member.key in keys]
    rest = [member for member in members if member.key not in keys]
    if not named:
        message = "name nothing in this profile; `cdp identity show` lists its keys"
        raise InvalidInput("identifiers", message)
    if not rest:
        raise Refused("identifiers", "are all that the profile has; leave out what is to stay")
    state.begin()
    before = rows_of(state)
    earlier = find_inverse(state, "merged", named, rest)
    touched = take_back(state, earlier) if earlier else []
    _mark(state, split_id, named, rest)
    relabel(state, [*touched, *(member.stream for member in members)])
    is_parted = earlier is not None and _are_apart(state, earlier, named, rest)
    if not is_parted:
        _part(state, split_id, named, rest)
    keys = set(keys) - ({member.key for member in members} if is_parted else set())
    _part_addresses(state, keys, _tenures(named), _tenures(rest))
    relabel(state, [member.stream for member in members])
    sides = [_those_of(side, earlier) for side in (named, rest)]
    labels = [state.stream(_anchor(state, side).stream).profile for side in sides]
    if profile not in {member.stream for member in named}:
        labels.reverse()
    apart = {label: _still_in(state, members, label) for label in labels}
    if len(apart) > 1:
        about = {member.stream for member in members}
        remember(state, before, (split_id, "split", profile), about, apart, earlier)
    moved = finish(state, frozenset({profile}))[0]
    return (labels[0], labels[1]), IdentityChange(None, time, "split", moved, note)


def merge(
    state: IdentityState, one: str, other: str, merge_id: str, time: int, note: str
) -> tuple[str, IdentityChange]:
    """Make one profile of two, and remove the marks of splits between them; returns the survivor.

    Raises Refused if that would break a limit of a profile.
    """
    if one == other:
        raise Conflict("b", "is the same profile as a already")
    sides = {one: state.members(one), other: state.members(other)}
    members = [*sides[one], *sides[other]]
    names = [m for m in _tenures(members) if m.assurance == "verified"]
    _check_limits(state, one, other, names)
    state.begin()
    before = rows_of(state)
    earlier = find_inverse(state, "split", *sides.values())
    was_split = _unmark(state, *(_tenures(side) for side in sides.values()))
    touched = take_back(state, earlier) if earlier else []
    relabel(state, [*touched, *(member.stream for member in members)])
    about = {member.stream for member in members}
    strangers = earlier.strangers if earlier else ()
    if len({state.stream(stream).profile for stream in about.difference(strangers)}) > 1:
        _join(state, f"{one}/{sum(m.epoch for m in members)}", members, was_split=was_split)
    survivor = state.stream(_anchor(state, members).stream).profile
    joined = {side: _still_in(state, streams, survivor) for side, streams in sides.items()}
    remember(state, before, (merge_id, "merged", survivor), about, joined, earlier)
    return survivor, IdentityChange(None, time, "merged", finish(state)[0], note)


def _tenures(members: Iterable[Stream]) -> list[Tenure]:
    return [member for member in members if isinstance(member, Tenure)]


def _mark(
    state: IdentityState, split_id: str, named: Iterable[Stream], rest: Iterable[Stream]
) -> None:
    for side, members in (("a", named), ("b", rest)):
        for tenure in _tenures(members):
            now = state.tenure(tenure.stream).split_marks
            state.change(tenure.stream, split_marks=f"{now} {split_id}/{side}".strip())


def _part(
    state: IdentityState, split_id: str, named: Sequence[Stream], rest: Sequence[Stream]
) -> None:
    """Set what parts the two sides of a profile."""
    sides = (_tenures(named), _tenures(rest))
    for tenure in (*sides[0], *sides[1]):
        state.change(tenure.stream, fused=None)
    for side, streams in zip("ab", sides, strict=True):
        _settle(state, [tenure.stream for tenure in streams], f"{split_id}/{side}")
    _tell_both(state, *sides)
    _pin_addresses(state, named)
    rest = [state.stream(member.stream) for member in rest]
    gone = {member.stream for member in named}
    _pin_addresses(state, rest if not sides[1] else _pinned_to(rest, gone), rest)


def _join(state: IdentityState, group: str, members: Sequence[Stream], *, was_split: bool) -> None:
    """Set what makes one profile of `members`; `group` names the groups that it separates."""
    members = [state.stream(member.stream) for member in members]
    names = [m for m in _tenures(members) if m.assurance == "verified"]
    restored = _restore_holders(state, members, names)
    anchor = _anchor(state, members)
    for member in members:
        # Without a device or a name, the others stay with the first address.
        if isinstance(member, Sighting) and member.pin == member.stream and member != anchor:
            state.change_sighting(member, pin=None)
    _settle(state, [m.stream for m in members if isinstance(m, Tenure)], group)
    relabel(state, [*restored, *(member.stream for member in members)])
    anchor = state.stream(anchor.stream)
    for member in () if was_split else members:  # as it was before the split
        stream = state.stream(member.stream)
        if isinstance(stream, Sighting) and part_of(state, stream) != part_of(state, anchor):
            state.change_sighting(stream, pin=anchor.stream)
    relabel(state, [member.stream for member in members])


def _are_apart(
    state: IdentityState, earlier: Repair, one: Iterable[Stream], other: Iterable[Stream]
) -> bool:
    """Whether two sides share no profile, neither with each other nor with anybody else."""
    sides = [{m.stream for m in side}.difference(earlier.strangers) for side in (one, other)]
    profiles = [{state.stream(stream).profile for stream in side} for side in sides]
    inside = sides[0].union(sides[1], earlier.strangers, earlier.strays)
    others = {s.profile for s in state.streams() if s.stream not in inside}
    return not (profiles[0] & profiles[1] or (profiles[0] | profiles[1]) & others)


def _still_in(state: IdentityState, members: Iterable[Stream], profile: str) -> list[Stream]:
    """Those of `members` that are in a profile: an address may have gone its own way."""
    return [m for m in members if state.stream(m.stream).profile == profile]


def _those_of(side: Sequence[Stream], earlier: Repair | None) -> Sequence[Stream]:
    """The streams of a side that had been on one side of an earlier repair; else all of them."""
    known = {stream for streams in earlier.sides.values() for stream in streams} if earlier else ()
    return [member for member in side if member.stream in known] or side


def _settle(state: IdentityState, streams: Collection[str], group: str) -> None:
    """Make one part of these tenures: of one account if there is a name, else of one guest.

    `group` names the groups of what is separated from others by that.
    """
    tenures = [state.tenure(stream) for stream in streams]
    names = sorted(t.stream for t in tenures if t.assurance == "verified")
    others = [t for t in tenures if t.assurance == "device"]
    for name in names:
        state.change(name, group=names[0])
    for tenure in others:
        _hand_on(state, tenure, streams)
        if not names:
            fields = {"owner": None, "owned_at": 0, "beside": None, "beside_at": 0}
            state.change(tenure.stream, group=group, signed_in=False, **fields)
            continue
        own = tenure.group
        if any(member.stream not in streams for member in state.group(own)):
            own = f"{group}/{own}"
        is_own = tenure.owner in names
        state.change(
            tenure.stream,
            group=own,
            owner=tenure.owner if is_own else names[0],
            owned_at=tenure.owned_at if is_own else tenure.founded_at,
            beside=tenure.beside if tenure.beside in names else None,
        )


def _hand_on(state: IdentityState, tenure: Tenure, leaving: Collection[str]) -> None:
    """What was seen with a device still counts for those of its group that do not leave it."""
    claims = [
        (at, name)
        for at, name in ((tenure.owned_at, tenure.owner), (tenure.beside_at, tenure.beside))
        if name is not None
    ]
    mates = [mate for mate in state.group(tenure.group) if mate.stream not in leaving]
    if not claims or not mates:
        return
    at, name = min(claims)
    mate = min(mates, key=lambda m: (m.founded_at, m.stream))
    if mate.beside is None or (at, name) < (mate.beside_at, mate.beside):
        state.change(mate.stream, beside=name, beside_at=at)


def _part_addresses(
    state: IdentityState,
    keys: Collection[str],
    named: Iterable[Tenure],
    rest: Iterable[Tenure],
) -> None:
    """An address that is named goes to the account on its side, or is withdrawn from the other."""
    names = sorted(t.stream for t in named if t.assurance == "verified")
    others = {t.stream for t in rest if t.assurance == "verified"}
    for address in state.address_tenures():
        if address.key in keys and address.held_by in others:
            if names:
                state.set_address(address._replace(holder=names[0]))
            else:
                state.set_address(address._replace(withdrawn=True))


def _tell_both(state: IdentityState, one: Iterable[Tenure], other: Iterable[Tenure]) -> None:
    """What an account told as its own counts for both sides: nobody knows which of them told it."""
    names = [[t for t in side if t.assurance == "verified"] for side in (one, other)]
    for side, opposite in (names, names[::-1]):
        for name in side if opposite else ():
            for sighting in state.sightings_on(name.stream):
                if sighting.own:
                    _tell(state, sighting, opposite[0].stream)


def _tell(state: IdentityState, sighting: Sighting, name: str) -> None:
    seen = state.sighting(sighting.address, sighting.number, name)
    if seen is None:
        own = Sighting(sighting.address, sighting.number, name, sighting.seen_at, own=True)
        state.add_sighting(own)
    else:
        state.change_sighting(seen, own=True)


def _pin_addresses(
    state: IdentityState, streams: Iterable[Stream], side: Collection[Stream] = ()
) -> None:
    """Address streams stay with what stands for their side."""
    streams = list(streams)
    if not streams:
        return
    anchor = _anchor(state, side or streams)
    for member in streams:
        stream = state.stream(member.stream)
        if isinstance(stream, Sighting):
            state.change_sighting(stream, pin=anchor.stream, fused=None)


def _pinned_to(side: Iterable[Stream], gone: Collection[str]) -> list[Stream]:
    """The address streams of a side that stayed in their profile by one that leaves it."""
    return [
        member
        for member in side
        if isinstance(member, Sighting) and (member.pin or member.fused) in gone
    ]


def _anchor(state: IdentityState, members: Iterable[Stream]) -> Stream:
    """What stands for the rest: a name, else a device, else an address."""
    return min(
        members,
        key=lambda m: (
            not state.policy.names_account(m),
            isinstance(m, Sighting),
            m.founded_at,
            m.stream,
        ),
    )


def _check_limits(state: IdentityState, one: str, other: str, names: Collection[Tenure]) -> None:
    for kind in state.policy.types.by_name.values():
        values = {name.key for name in names if name.type == kind.name}
        if kind.assurance == "verified" and kind.at_most and len(values) > kind.at_most:
            number = f"more than {kind.at_most} {kind.name}"
            raise Refused("merge", f"would give an account {number}: two accounts stay two")
    if state.profile(one).tied + state.profile(other).tied > state.policy.most_tied:
        number = f"more than {state.policy.most_tied:,} guests' streams"
        raise Refused("merge", f"would give a profile {number}")


def _unmark(state: IdentityState, one: Collection[Tenure], other: Collection[Tenure]) -> bool:
    """Remove the marks of splits between two profiles; whether there were any."""
    sides, others = split_sides(one), split_sides(other)
    undone = {split for split in sides.keys() & others.keys() if sides[split] != others[split]}
    for tenure in (*one, *other):
        marks = [m for m in tenure.split_marks.split() if m.partition("/")[0] not in undone]
        state.change(tenure.stream, split_marks=" ".join(marks))
    return bool(undone)


def _restore_holders(
    state: IdentityState, members: Iterable[Stream], names: Iterable[Tenure]
) -> list[str]:
    """Addresses that were withdrawn from the account are its own again; returns their streams."""
    addresses = {(m.address, m.number) for m in members if isinstance(m, Sighting)}
    holders = {name.stream for name in names}
    restored: list[str] = []
    for address in state.address_tenures():
        is_theirs = (address.key, address.number) in addresses
        if address.withdrawn and is_theirs and address.holder in holders:
            state.set_address(address._replace(withdrawn=False))
            seen = state.movable(address.key, address.number)
            restored += (sighting.stream for sighting in seen)
    return restored


def unfuse(state: IdentityState, profile: str, time: int) -> IdentityChange | None:
    """Part what claims alone had joined in a profile; None if the rules say the same."""
    state.begin()
    members = state.members(profile)
    for member in members:
        if isinstance(member, Tenure):
            state.change(member.stream, fused=None)
        else:
            state.change_sighting(member, fused=None)
    relabel(state, [member.stream for member in members])
    streams = finish(state)[0]
    return IdentityChange(None, time, "redrawn", streams, _REDRAWN) if streams else None
