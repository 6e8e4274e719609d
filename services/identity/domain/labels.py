"""Labels: which profile each stream belongs to, a function of the facts. Pure.

A *part* is what belongs together: an account with all that is its own, a guest, or a stream by
itself. `part_of` says in which part a stream is, by rules that depend on no order of arrival, and
`relabel` moves the streams whose part has changed. A part is labelled by the profile that its first
stream came into, as long as that is part of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from services.identity.domain.state import (
    NOBODY,
    SEVERAL,
    IdentityState,
    Incomplete,
    Needs,
    Sighting,
    Stream,
    Tenure,
    split_sides,
)


class Part(NamedTuple):
    """What belongs together: `account` or `guest` with its group, or `alone` with its stream."""

    kind: str
    name: str


def part_of(state: IdentityState, stream: Stream) -> Part:
    """The part that a stream is in."""
    if isinstance(stream, Sighting):
        return _part_of_address(state, stream)
    if stream.fused:
        return part_of(state, state.stream(stream.fused))
    if stream.assurance == "verified":
        return Part("account", stream.group)
    if stream.assurance == "claimed":
        return Part("alone", stream.stream)
    owner = owner_of(state, stream)
    return Part("guest", stream.group) if owner is None else account_of(state, owner)


def account_of(state: IdentityState, name: str) -> Part:
    """The part of the account that a name stream is of."""
    return Part("account", state.tenure(name).group)


def is_same_account(state: IdentityState, one: str, other: str) -> bool:
    """Whether two name streams are of one account."""
    return one == other or state.tenure(one).group == state.tenure(other).group


def owner_of(state: IdentityState, tenure: Tenure) -> str | None:
    """The name stream of the account that a device's tenure belongs to; None: a guest's.

    Who signed in on the device comes first. Else it is the account that was the first to be seen
    with any device of the group, if no other account was signed in on this one before. An account
    from which a support desk has split this one is not asked.
    """
    if tenure.owner is not None:
        return tenure.owner
    if tenure.untied or tenure.prior == SEVERAL:
        return None
    claims = [
        (at, name)
        for member in state.group(tenure.group)
        for at, name in ((member.owned_at, member.owner), (member.beside_at, member.beside))
        if name is not None and not _is_split_from(state, tenure, name)
    ]
    if not claims:
        return None
    _, name = min(claims)
    return name if not tenure.prior or is_same_account(state, tenure.prior, name) else None


def _is_split_from(state: IdentityState, tenure: Tenure, name: str) -> bool:
    """Whether a support desk has split a tenure from the account of a name stream."""
    if not tenure.split_marks:
        return False
    own, others = split_sides([tenure]), split_sides(state.group(state.tenure(name).group))
    return any(own[split] != others[split] for split in own.keys() & others.keys())


def own_addresses(state: IdentityState, account: Part) -> set[tuple[str, int]]:
    """The addresses that an account told as its own, with their tenures."""
    names = {name.stream for name in state.group(account.name)}
    own: set[tuple[str, int]] = set()
    for name in sorted(names):
        for sighting in state.sightings_on(name):
            if sighting.own:
                address = state.address_tenure(sighting.address, sighting.number)
                if not (address.withdrawn and address.holder in names):
                    own.add((sighting.address, sighting.number))
    return own


def _part_of_address(state: IdentityState, sighting: Sighting) -> Part:
    alone = Part("alone", sighting.stream)
    anchor = sighting.pin or sighting.fused
    if anchor:
        return alone if anchor == sighting.stream else part_of(state, state.stream(anchor))
    kind = state.policy.type_of(sighting)
    if sighting.untied or sighting.on == NOBODY or kind is None or kind.assurance == "verified":
        return alone
    if not sighting.beyond_proof:
        holder = state.address_tenure(sighting.address, sighting.number).held_by
        if holder is not None:
            return account_of(state, holder)
    return _part_of_tenure(state, sighting) or alone


def _part_of_tenure(state: IdentityState, sighting: Sighting) -> Part | None:
    """The part of the tenure on which an address was told, if the address goes with it."""
    if not sighting.on:
        return None
    tenure = state.stream(sighting.on)
    if not isinstance(tenure, Tenure):
        return None
    part = part_of(state, tenure)
    if part.kind == "account":
        return part if agrees(state, sighting, tenure, part) else None
    return None if tenure.is_kiosk else part


def agrees(state: IdentityState, sighting: Sighting, tenure: Tenure, account: Part) -> bool:
    """Whether an address told on a device of an account is the account's, too."""
    own = own_addresses(state, account)
    return (sighting.address, sighting.number) in own if own else tenure.typed <= 1


def relabel(state: IdentityState, touched: Iterable[str]) -> None:
    """Move the streams whose part has changed since their facts `touched` have."""
    streams = _affected(state, touched)
    parts = {stream: part_of(state, state.stream(stream)) for stream in sorted(streams)}
    if names := _names_whose_home_returns(state, parts):
        relabel(state, [*streams, *names])
        return
    labels = {part: label_of(state, part, parts) for part in dict.fromkeys(parts.values())}
    for stream, part in parts.items():
        if state.stream(stream).profile != labels[part]:
            state.move(stream, labels[part])
    for part, label in labels.items():
        state.set_account(label, part.kind == "account")


def _names_whose_home_returns(state: IdentityState, parts: Mapping[str, Part]) -> list[str]:
    """The names of accounts that get back the stream which they were labelled by before."""
    names = []
    for part in dict.fromkeys(parts.values()):
        if part.kind == "account":
            first = _first_name(state, part)
            returns = parts.get(first.home) == part and first.profile != first.home
            if returns and first.stream not in parts:
                names.append(first.stream)
    return names


def _first_name(state: IdentityState, account: Part) -> Tenure:
    """The name that an account was first known by."""
    names = [tenure for tenure in state.group(account.name) if tenure.assurance == "verified"]
    return min(names, key=_age)


def _affected(state: IdentityState, touched: Iterable[str]) -> set[str]:
    """All streams whose part or label may depend on the facts of `touched`.

    A stream brings its group, the address streams on it and those that are pinned to it, and all of
    its profile if the profile is labelled by it or by one that is affected.
    """
    affected: set[str] = set()
    missing = Needs()
    waiting = list(touched)
    while waiting:
        stream = waiting.pop()
        if stream not in affected:
            affected.add(stream)
            try:
                waiting += _brought_by(state, state.stream(stream))
            except Incomplete as incomplete:
                missing |= incomplete.needs
    if missing:
        raise Incomplete(missing)
    return affected


def streams_on(state: IdentityState, tenure: Tenure) -> list[str]:
    """The address streams on a tenure whose part may depend on what is known of the tenure.

    A till has thousands: what an account does not tell as its own stands alone there, whoever is
    signed in.
    """
    streams = {s.stream for s in state.sightings_on(tenure.stream) if s.stream}
    if tenure.is_kiosk:
        part = part_of(state, tenure)
        own = own_addresses(state, part) if part.kind == "account" else ()
        seen = [state.sighting(address, number, tenure.stream) for address, number in sorted(own)]
        streams |= {sighting.stream for sighting in seen if sighting and sighting.stream}
    return sorted(streams)


def _brought_by(state: IdentityState, entry: Stream) -> list[str]:
    brought: list[str] = []
    if isinstance(entry, Tenure):
        brought += (member.stream for member in state.group(entry.group))
        brought += streams_on(state, entry)
        brought += (entry.home, entry.profile)
    brought += state.pinned_to(entry.stream)
    if entry.profile == entry.stream:
        brought += (member.stream for member in state.members(entry.stream))
    return brought


def label_of(state: IdentityState, part: Part, parts: Mapping[str, Part]) -> str:
    """The label of a part; `parts` has all of its streams if it may change."""
    if part.kind == "alone":
        return part.name
    if part.kind == "account":
        first = _first_name(state, part)
        if first.stream not in parts:
            return first.profile
        return first.home if parts[first.home] == part else first.stream
    members = [state.stream(stream) for stream, other in parts.items() if other == part]
    tenures = [member for member in members if isinstance(member, Tenure)]
    if not tenures:
        return next(tenure.profile for tenure in state.group(part.name))
    homes = {tenure.home for tenure in tenures}
    founders = [member for member in members if member.stream in homes]
    return min(founders or tenures, key=_age).stream


def _age(stream: Stream) -> tuple[int, str]:
    return stream.founded_at, stream.stream
