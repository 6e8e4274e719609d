"""What an account does: its name is proven, its devices are signed in, its addresses are told."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from identifiers import Identifier, Ignored
from services.identity.domain import addresses
from services.identity.domain.devices import is_signed_in, sign_in, sign_out, tenure_before
from services.identity.domain.labels import relabel
from services.identity.domain.observation import CONTACT_RELEASED, SIGNED_OUT, Observation
from services.identity.domain.state import IdentityState, Tenure, split_apart

OTHER_ACCOUNT = "merge_refused: it belongs to another account"
SPLIT_BY_SUPPORT = addresses.WITHDRAWN
NOT_SIGNED_IN = "signed_out: the account is signed in on no device that the event names"


def resolve_account(
    state: IdentityState, observation: Observation, ids: Callable[[], str]
) -> tuple[Tenure, list[Ignored]]:
    """The name stream that an account's event goes to, and what it leaves out."""
    ignored: list[Ignored] = []
    name = _prove_names(state, observation, ids, ignored)
    guests: set[str] = set()
    if observation.type == SIGNED_OUT:
        ignored += _sign_out(state, name, observation, ids)
    else:
        for device in observation.devices:
            name = state.tenure(name.stream)
            guest, refusal = sign_in(state, name, device.key, observation.time, ids)
            guests |= {guest} if guest else set()
            if refusal:
                ignored.append(Ignored(device.type.name, refusal))
    name = state.tenure(name.stream)
    if guests and state.is_new(name.stream) and name.home == name.stream:
        founders = (state.stream(guest) for guest in guests)
        oldest = min(founders, key=lambda guest: (guest.founded_at, guest.stream))
        state.change(name.stream, home=oldest.stream)
        relabel(state, [name.stream])
    _tell_addresses(state, state.tenure(name.stream), observation, ignored)
    return state.tenure(name.stream), ignored


def _prove_names(
    state: IdentityState,
    observation: Observation,
    ids: Callable[[], str],
    ignored: list[Ignored],
) -> Tenure:
    """The strongest name; the others become of the same account, if they may."""
    strongest, *others = observation.names
    known = state.current(strongest.key)
    first = known or _new_name(state, strongest, observation.time, ids(), None)
    for identifier in others:
        known = state.current(identifier.key)
        refusal = None
        if known is None:
            refusal = _exceeds_limits(state, first, [identifier.key])
            if not refusal:
                _new_name(state, identifier, observation.time, ids(), first)
        elif known.group != first.group:
            names = state.group(known.group)
            refusal = _exceeds_limits(state, first, [name.key for name in names])
            if not refusal and split_apart(state, known, first):
                refusal = SPLIT_BY_SUPPORT
            if not refusal:
                first = _merge_names(state, first, known, names)
        if refusal:
            ignored.append(Ignored(identifier.type.name, refusal))
    return first


def _new_name(
    state: IdentityState,
    identifier: Identifier,
    time: int,
    stream: str,
    account: Tenure | None,
) -> Tenure:
    profile = account.profile if account else stream
    tenure = state.add(
        Tenure(
            stream=stream,
            key=identifier.key,
            number=1,
            opened_at=time,
            founded_at=time,
            profile=profile,
            epoch=1,
            assurance="verified",
            group=account.group if account else stream,
            home=profile,
        )
    )
    state.set_account(profile, account=True)
    return tenure


def _exceeds_limits(state: IdentityState, first: Tenure, keys: Sequence[str]) -> str | None:
    """Why names cannot be of the account of `first`."""
    names = {tenure.key for tenure in state.group(first.group)} | set(keys)
    for kind in state.policy.types.by_name.values():
        values = sum(name.partition(":")[0] == kind.name for name in names)
        if kind.assurance == "verified" and kind.at_most and values > kind.at_most:
            return OTHER_ACCOUNT
    return None


def _merge_names(
    state: IdentityState, first: Tenure, known: Tenure, names: Sequence[Tenure]
) -> Tenure:
    """Make one account of two; one that is new came into the profile of the other."""
    if state.is_new(first.stream):
        state.change(first.stream, home=known.profile)
    for name in names:
        state.change(name.stream, group=first.group)
    relabel(state, [first.stream, known.stream])
    return state.tenure(first.stream)


def _sign_out(
    state: IdentityState, name: Tenure, observation: Observation, ids: Callable[[], str]
) -> list[Ignored]:
    """End the account's tenures on the devices of the event, or say that there are none."""
    ended = False
    for device in observation.devices:
        tenure = tenure_before(state, device.key, observation.time)
        if tenure is not None and is_signed_in(state, tenure, name.stream):
            ended = True
            if state.in_force(device.key, observation.time).stream == tenure.stream:  # type: ignore[union-attr]
                sign_out(state, device.key, observation.time, ids)
    return [] if ended else [Ignored(name.type, NOT_SIGNED_IN)]


def _tell_addresses(
    state: IdentityState, name: Tenure, observation: Observation, ignored: list[Ignored]
) -> None:
    contacts = observation.contacts
    if not contacts:
        return
    time = observation.time
    if observation.type == CONTACT_RELEASED:
        ignored += [
            Ignored(contact.type.name, refusal)
            for contact in contacts
            if (refusal := addresses.release(state, name, contact, time))
        ]
        return
    if observation.tells_account:
        addresses.tell_own(state, name, contacts, time)
    else:
        addresses.note_typed(state, contacts, name, time)
    ignored += [
        Ignored(contact.type.name, refusal)
        for contact in observation.proven_contacts(state.policy.types.contacts_verified)
        if (refusal := addresses.prove(state, name, contact, time))
    ]
