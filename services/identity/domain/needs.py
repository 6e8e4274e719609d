"""What observations mostly need: what can be loaded before they are resolved. Pure."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress

from services.identity.domain.addresses import target_of
from services.identity.domain.observation import Observation
from services.identity.domain.state import NOBODY, IdentityState, Needs, Tenure, WouldChange


def likely_needs(state: IdentityState, observations: Collection[Observation]) -> Needs:
    """What accounts' events and devices that are seen together mostly need.

    That is the profiles of guests who may join one another or an account, all of them; and of an
    account its names, with the addresses that are its own. It may have many devices: they are
    judged again only when it tells an address.
    """
    profiles: set[str] = set()
    groups: set[str] = set()
    for observation in observations:
        if observation.is_accounts or len(observation.devices) > 1:
            for device in observation.devices:
                current = state.current(device.key)
                if current is not None and not current.signed_in:
                    profiles.add(current.profile)
        if observation.is_accounts:
            names = [name for i in observation.names if (name := state.current(i.key))]
            groups.update(name.group for name in names)
            if names and _tells_new_address(state, names[0], observation):
                profiles.add(names[0].profile)
    addresses = {
        contact.key
        for observation in observations
        for contact in observation.proven_contacts(state.policy.types.contacts_verified)
        if state.address(contact.key, observation.time).held_by is None
    }
    return Needs(
        profiles=frozenset(profiles), groups=frozenset(groups), addresses=frozenset(addresses)
    )


def likely_pairs(
    state: IdentityState, observations: Collection[Observation]
) -> frozenset[tuple[str, str]]:
    """The places in which the contacts of observations may have been told before."""
    pairs: set[tuple[str, str]] = set()
    for observation in observations:
        leading = observation.names if observation.is_accounts else observation.devices
        if observation.contacts == () and (observation.is_accounts or observation.names == ()):
            continue
        contacts = [contact.key for contact in observation.contacts]
        if leading:
            streams = [t.stream for i in leading for t in state.tenures_of(i.key)]
            pairs.update((key, stream) for key in contacts for stream in streams)
            if not observation.is_accounts:
                claimed = [name.key for name in observation.names[:1]]
                pairs.update((key, stream) for key in claimed for stream in streams)
        if not leading or observation.proves_address:
            with suppress(WouldChange):  # then it is resolved under locks
                pairs.add(_place_alone(state, observation))
    return frozenset(pairs)


def further_pairs(
    state: IdentityState, observations: Collection[Observation]
) -> frozenset[tuple[str, str]]:
    """The same for contacts that are noted with an address stream, or with an unproven name's."""
    pairs: set[tuple[str, str]] = set()
    for observation in observations:
        has_streams = not observation.is_accounts and (
            not observation.devices or bool(observation.names)
        )
        if has_streams and len(observation.contacts) + len(observation.names) > 1:
            keys = {i.key for i in (*observation.contacts[:1], *observation.names[:1])}
            streams = {s.stream for s in state.sightings.values() if s.address in keys}
            contacts = [contact.key for contact in observation.contacts]
            pairs.update((key, stream) for key in contacts for stream in streams if stream)
    return frozenset(pairs - state.loaded.pairs)


def _place_alone(state: IdentityState, observation: Observation) -> tuple[str, str]:
    """Where what is told without a device goes: one place, though an address has two."""
    if observation.contacts:
        return observation.contacts[0].key, target_of(observation, state)
    return observation.names[0].key, NOBODY


def decisive_contacts(observation: Observation) -> list[str]:
    """The contacts whose tenures matter: all that an account tells, else the first."""
    contacts = [contact.key for contact in observation.contacts]
    return contacts if observation.is_accounts else contacts[:1]


def _tells_new_address(state: IdentityState, name: Tenure, observation: Observation) -> bool:
    """Whether an account tells an address that is not its own yet."""
    addresses = [state.address(contact.key, observation.time) for contact in observation.contacts]
    seen = [state.sightings.get((a.key, a.number, name.stream)) for a in addresses]
    return observation.tells_account and not all(s is not None and s.own for s in seen)
