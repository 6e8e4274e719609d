"""Addresses: who was told with them, and who has proven them. Pure.

An address that was merely typed leads to nobody. An order that a shop tells with one goes into an
address stream, which can move alone: to the account that proves the address, however late.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from identifiers import Identifier
from services.identity.domain.labels import (
    agrees,
    is_same_account,
    part_of,
    relabel,
    streams_on,
)
from services.identity.domain.observation import Observation
from services.identity.domain.state import (
    ALONE,
    NOBODY,
    AddressTenure,
    IdentityState,
    Sighting,
    Tenure,
)

PROVEN_BY_ANOTHER = "merge_refused: another account has proven it"
WITHDRAWN = "merge_refused: a support desk has split them; identity.merge alone joins them again"
NOT_HELD = "not_released: the account has not proven it"
TOO_MANY_TO_MOVE = "merge_refused: more streams than one proof may move were told with it"
_OTHERS = 0  # the number of addresses that an event tells beside its first


def note_typed(
    state: IdentityState, contacts: Sequence[Identifier], on: Tenure | None, time: int
) -> None:
    """Contacts were told on a stream: the first of them counts, the others are only remembered."""
    if on is None or not contacts:
        return
    first = state.address(contacts[0].key, time)
    if state.sighting(first.key, first.number, on.stream) is None:
        state.add_sighting(Sighting(first.key, first.number, on.stream, time))
        if state.policy.is_device(on):
            count_typed(state, on.stream)
    note_others(state, contacts[1:], on.stream, time)


def note_others(state: IdentityState, contacts: Iterable[Identifier], on: str, time: int) -> None:
    """Contacts beside the first are remembered with a stream, and move nothing."""
    for contact in contacts:
        if state.sighting(contact.key, _OTHERS, on) is None:
            state.add_sighting(Sighting(contact.key, _OTHERS, on, time))


def count_typed(state: IdentityState, stream: str) -> None:
    """One address more is on a device's tenure: an account's may no longer be its only one."""
    tenure = state.change(stream, typed=state.tenure(stream).typed + 1)
    if tenure.typed == 2 and (tenure.signed_in or state.profile(tenure.profile).account):
        _relabel_on(state, [tenure])


def stream_on(
    state: IdentityState, contact: Identifier, tenure: Tenure, time: int, ids: Callable[[], str]
) -> Sighting:
    """The address stream of an order that was told on a device."""
    address = state.address(contact.key, time)
    seen = state.sighting(address.key, address.number, tenure.stream)
    if seen is not None and seen.stream:
        return seen
    was_kiosk = tenure.is_kiosk
    tenure = state.change(tenure.stream, ordered=tenure.ordered + 1)
    if seen is None:
        seen = state.add_sighting(Sighting(address.key, address.number, tenure.stream, time))
        count_typed(state, tenure.stream)
        tenure = state.tenure(tenure.stream)
    if tenure.is_kiosk and not was_kiosk:
        _relabel_on(state, [tenure])
    return _found(state, seen, tenure, ids())


def stream_alone(
    state: IdentityState, key: str, on: str, time: int, ids: Callable[[], str]
) -> Sighting:
    """The stream of what was told with an address, or an unproven name, and no device."""
    number = state.address(key, time).number
    seen = state.sighting(key, number, on)
    if seen is not None:
        return seen
    return _found(state, Sighting(key, number, on, time), None, ids())


def stream_beside(
    state: IdentityState, key: str, tenure: Tenure, time: int, ids: Callable[[], str]
) -> Sighting:
    """The stream of what says, on an account's device, that it is another account's."""
    seen = state.sighting(key, 1, tenure.stream)
    if seen is not None:
        return seen
    return _found(state, Sighting(key, 1, tenure.stream, time), None, ids())


def tell_own(state: IdentityState, name: Tenure, contacts: Sequence[Identifier], time: int) -> None:
    """An account tells addresses as its own."""
    new = []
    for contact in contacts:
        address = _told_by(state, name, contact, time)
        seen = state.sighting(address.key, address.number, name.stream)
        if seen is None:
            state.add_sighting(Sighting(address.key, address.number, name.stream, time, own=True))
            new.append(contact.key)
        elif not seen.own:
            state.change_sighting(seen, own=True)
            new.append(contact.key)
    if new:
        members = state.members(name.profile)
        _relabel_on(state, [m for m in members if isinstance(m, Tenure)])


def prove(state: IdentityState, name: Tenure, contact: Identifier, time: int) -> str | None:
    """An account proves an address: all its streams are the account's. Why not, if they are not."""
    address = _told_by(state, name, contact, time)
    if address.holder is not None and is_same_account(state, address.holder, name.stream):
        return WITHDRAWN if address.withdrawn else None
    if address.held_by is not None:
        return PROVEN_BY_ANOTHER
    found = state.movable(address.key, address.number)
    state.set_address(address._replace(holder=name.stream, withdrawn=False))
    room = state.policy.most_tied - state.profile(name.profile).tied
    here = sum(sighting.profile == name.profile for sighting in found)
    most = min(state.policy.most_proven, max(0, room) + here)
    if len(found) > most:
        state.leave_beyond(found[most])
    relabel(state, [sighting.stream for sighting in found[:most]])
    return TOO_MANY_TO_MOVE if len(found) > most else None


def release(state: IdentityState, name: Tenure, contact: Identifier, time: int) -> str | None:
    """The holder of an address gives it up: what comes is the next one's who proves it."""
    address = state.address(contact.key, time)
    holder = address.held_by
    if holder is None or not is_same_account(state, holder, name.stream):
        return NOT_HELD
    tenures = [t for t in state.address_tenures() if t.key == address.key]
    if any(t.number > address.number for t in tenures):
        return None
    state.set_address(address._replace(current=False))
    state.set_address(AddressTenure(address.key, address.number + 1, time + 1))
    return None


def target_of(observation: Observation, state: IdentityState) -> str:
    """Where something told with an address alone goes: strangers write nothing to its holder."""
    address = state.address(observation.contacts[0].key, observation.time)
    trusted = observation.authenticated or observation.proves_address
    if observation.origin == "browser" and observation.is_order and not trusted:
        return NOBODY
    if address.held_by is None or observation.is_order or trusted:
        return ALONE
    return NOBODY


def _told_by(state: IdentityState, name: Tenure, contact: Identifier, time: int) -> AddressTenure:
    """The tenure of an address that an account tells as its own.

    A release of the same instant came before, in the order of the calls: what another account has
    given up is the next one's already.
    """
    address = state.address(contact.key, time)
    if address.holder is None or is_same_account(state, address.holder, name.stream):
        return address
    return state.address(contact.key, time + 1)


def _found(
    state: IdentityState, sighting: Sighting, tenure: Tenure | None, stream: str
) -> Sighting:
    """Make a sighting an address stream, in the profile that the rules give it."""
    new = sighting._replace(stream=stream, profile=stream, epoch=1)
    label = _label_of_new(state, new, tenure)
    untied = label != stream and state.profile(label).tied >= state.policy.most_tied
    return state.add_sighting(new._replace(profile=stream if untied else label, untied=untied))


def _label_of_new(state: IdentityState, new: Sighting, tenure: Tenure | None) -> str:
    """The profile of a new address stream, from as little as can be."""
    kind = state.policy.type_of(new)
    if new.on == NOBODY or kind is None or kind.assurance == "verified":
        return new.stream
    holder = state.address_tenure(new.address, new.number).held_by
    if holder is not None:
        return state.tenure(holder).profile
    if tenure is None:
        return new.stream
    if not (tenure.signed_in or state.profile(tenure.profile).account):
        return new.stream if tenure.is_kiosk else tenure.profile
    part = part_of(state, tenure)
    return tenure.profile if agrees(state, new, tenure, part) else new.stream


def _relabel_on(state: IdentityState, tenures: Iterable[Tenure]) -> None:
    """Judge the address streams on tenures again."""
    relabel(state, [stream for tenure in tenures for stream in streams_on(state, tenure)])
