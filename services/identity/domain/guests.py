"""What nobody has authenticated: a device's tenure, or an address by itself. Nothing typed merges.

Devices that are seen together are one guest's; beside a device on which an account is signed in
they are that account's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from identifiers import Identifier, Ignored
from services.identity.domain import addresses
from services.identity.domain.devices import (
    FULL,
    is_signed_in,
    sign_out,
    tenure_at,
    tenure_before,
)
from services.identity.domain.labels import is_same_account, relabel
from services.identity.domain.observation import SIGNED_OUT, Observation
from services.identity.domain.state import (
    NOBODY,
    SEVERAL,
    IdentityState,
    Stream,
    Tenure,
    split_apart,
    would_meet,
)

OTHER_ACCOUNT = "merge_refused: it belongs to another account"
SEVERAL_ACCOUNTS = "merge_refused: other accounts have used this device; nobody knows whose it is"
SPLIT_BY_SUPPORT = addresses.WITHDRAWN


def resolve_guest(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[Stream, Tenure | None, list[Ignored]]:
    """The stream that the event goes to, the device's tenure it came from, and what is left out."""
    if observation.devices and not observation.proves_address:
        return _resolve_device(state, observation, ids)
    time, contacts = observation.time, observation.contacts
    if contacts:
        on = addresses.target_of(observation, state)
        stream = addresses.stream_alone(state, contacts[0].key, on, time, ids)
        addresses.note_others(state, contacts[1:], stream.stream, time)
    else:
        stream = addresses.stream_alone(state, observation.names[0].key, NOBODY, time, ids)
    return stream, None, []


def _resolve_device(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[Stream, Tenure | None, list[Ignored]]:
    time = observation.time
    tenures, ended = _tenures(state, observation, ids)
    ignored = _see_together(state, observation.devices, tenures, time)
    tenure = state.tenure(tenures[0].stream)
    contacts = observation.contacts
    stream: Stream = tenure
    came_from = None
    other = _other_account(state, observation.names, tenure)
    if contacts and observation.is_order and observation.origin != "browser":
        stream = addresses.stream_on(state, contacts[0], tenure, time, ids)
        addresses.note_others(state, contacts[1:], tenure.stream, time)
        came_from = state.tenure(tenure.stream)
    elif other is not None:
        stream = addresses.stream_beside(state, other.key, tenure, time, ids)
        addresses.note_others(state, contacts, stream.stream, time)
    else:
        addresses.note_typed(state, contacts, tenure, time)
    for device in ended if other is None else ():
        sign_out(state, device, time, ids)
    return state.stream(stream.stream), came_from, ignored


def _tenures(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[list[Tenure], list[str]]:
    """The tenures of the event's devices, and the devices on which it signs an account out."""
    time = observation.time
    if observation.type != SIGNED_OUT:
        return [tenure_at(state, i.key, time, ids) for i in observation.devices], []
    tenures, ended = [], []
    for device in observation.devices:
        tenure = tenure_before(state, device.key, time)
        if tenure is None or tenure.empty:
            tenure = tenure_at(state, device.key, time, ids)
        tenures.append(tenure)
        period = state.in_force(device.key, time)
        if tenure.signed_in and period is not None and period.stream == tenure.stream:
            ended.append(device.key)
    return tenures, ended


def _other_account(
    state: IdentityState, names: Sequence[Identifier], tenure: Tenure
) -> Identifier | None:
    """A name that the event claims on a device on which another account is signed in."""
    if not tenure.signed_in or not names:
        return None
    claimed = state.current(names[0].key)
    if claimed is not None and is_signed_in(state, tenure, claimed.stream):
        return None
    return names[0] if tenure.owner is not None else None


def _see_together(
    state: IdentityState, devices: Sequence[Identifier], tenures: Sequence[Tenure], time: int
) -> list[Ignored]:
    """Tie the devices of one event together, as far as they may be."""
    ignored: list[Ignored] = []
    signed_in = next((t for t in tenures if t.signed_in and t.owner), None)
    first = next((t for t in tenures if not t.signed_in), None)
    for device, seen in zip(devices, tenures, strict=True):
        refusal = None
        if signed_in is not None and seen.stream != signed_in.stream:
            refusal = _see_beside(state, state.tenure(seen.stream), signed_in, time)
        if not refusal and not seen.signed_in and first and seen.stream != first.stream:
            refusal = _join(state, state.tenure(first.stream), state.tenure(seen.stream))
        if refusal:
            ignored.append(Ignored(device.type.name, refusal))
    return ignored


def _see_beside(state: IdentityState, tenure: Tenure, signed_in: Tenure, time: int) -> str | None:
    """A device is seen beside one on which an account is signed in."""
    name = signed_in.owner or ""
    if tenure.prior and (tenure.prior == SEVERAL or not is_same_account(state, tenure.prior, name)):
        return SEVERAL_ACCOUNTS
    owner = tenure.owner
    is_others = owner is not None and not is_same_account(state, owner, name)
    if tenure.beside is None or (time, name) < (tenure.beside_at, tenure.beside):
        if split_apart(state, tenure, signed_in):
            return SPLIT_BY_SUPPORT
        if owner is None and state.profile(signed_in.profile).tied >= state.policy.most_tied:
            return FULL
        state.change(tenure.stream, beside=name, beside_at=time)
        relabel(state, [tenure.stream])
    elif owner is None and not is_same_account(state, tenure.beside, name):
        return OTHER_ACCOUNT
    return OTHER_ACCOUNT if is_others else None


def _join(state: IdentityState, first: Tenure, tenure: Tenure) -> str | None:
    """Two guests' tenures are seen together: they are one guest's."""
    if tenure.group == first.group:
        return None
    joined = [*state.group(first.group), *state.group(tenure.group)]
    if would_meet(state, joined):
        return SPLIT_BY_SUPPORT
    if tenure.profile != first.profile:
        tied = state.profile(first.profile).tied + state.profile(tenure.profile).tied
        if tied > state.policy.most_tied:
            return FULL
    group = min(first.group, tenure.group)
    for member in joined:
        state.change(member.stream, group=group)
    relabel(state, [first.stream, tenure.stream])
    return None
