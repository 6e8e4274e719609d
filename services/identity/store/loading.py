"""Loading what observations are resolved against, under locks or without."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.needs import (
    decisive_contacts,
    further_pairs,
    likely_needs,
    likely_pairs,
)
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import may_have_gone_elsewhere
from services.identity.domain.restoring import LostFact
from services.identity.domain.state import (
    ALONE,
    NOBODY,
    SEVERAL,
    AddressTenure,
    IdentityPolicy,
    IdentityState,
    Needs,
    ProfileFacts,
)
from services.identity.store.addresses import (
    ADDRESSES_OF_KEYS,
    CURRENT_ADDRESSES,
    MOVABLE,
    SIGHTINGS_OF_PAIRS,
    SIGHTINGS_OF_PROFILES,
    SIGHTINGS_OF_STREAMS,
    SIGHTINGS_ON,
    SIGHTINGS_PINNED_TO,
    SIGHTINGS_WITH,
    sightings_of_rows,
)
from services.identity.store.lines import load_near, load_whole_lines
from services.identity.store.profiles import FACTS_OF_PROFILES, LOCK_PROFILES
from services.identity.store.resolutions import load_resolutions
from services.identity.store.tenures import (
    ADD_KEYS,
    CURRENT_TENURES,
    LOCK_KEYS,
    TENURES_OF_GROUPS,
    TENURES_OF_PROFILES,
    TENURES_OF_STREAMS,
    tenures_of_rows,
)


class ConcurrentMove(Exception):
    """A key led to another profile by the time its own was locked: start again."""


def load_known(
    unit: UnitOfWork, policy: IdentityPolicy, observations: Collection[Observation]
) -> IdentityState:
    """Where the keys of observations lead now, and what was told with their addresses there.

    That is a row for each identifier, and one for the first address of each event.
    """
    state = IdentityState(policy, frozen=True)
    keys = {i.key for o in observations for i in (*o.names, *o.devices)}
    if keys:
        state.load(
            tenures=tenures_of_rows(CURRENT_TENURES.execute(unit.connection, keys=sorted(keys)))
        )
    firsts = {key for o in observations for key in decisive_contacts(o)}
    if firsts:
        rows = CURRENT_ADDRESSES.execute(unit.connection, keys=sorted(firsts))
        state.load(addresses=(AddressTenure(*row) for row in rows))
    _load_other_accounts(unit, state, observations)
    _load_pairs(unit, state, likely_pairs(state, observations))
    _load_pairs(unit, state, further_pairs(state, observations))
    return state


def load_resolved(
    unit: UnitOfWork, policy: IdentityPolicy, observations: Collection[Observation]
) -> IdentityState:
    """What `load_known` loads, and where those of the events went that were resolved before.

    That is read last: what a call has changed by then, it has kept.
    """
    state = load_known(unit, policy, observations)
    load_resolutions(unit, state, [o for o in observations if may_have_gone_elsewhere(state, o)])
    return state


def load_locked(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
) -> IdentityState:
    """All that observations may change, and `needs`, with the keys and the profiles locked.

    ConcurrentMove if a stream has just moved.
    """
    keys = sorted({i.key for o in observations for i in o.identifiers})
    added = ADD_KEYS.execute(unit.connection, [{"key": key} for key in keys])
    LOCK_KEYS.execute(unit.connection, keys=keys)
    new = frozenset(row.key for row in added)
    state = _load_under_locks(unit, policy, observations, needs, frozenset(), new)
    load_resolutions(unit, state, observations)
    return state


def load_whole(
    unit: UnitOfWork, policy: IdentityPolicy, profile_ids: Collection[str], needs: Needs
) -> IdentityState:
    """All streams of profiles, with what depends on them, and the profiles locked.

    ConcurrentMove if one has been merged into another meanwhile.
    """
    wanted = frozenset(profile_ids)
    return _load_under_locks(unit, policy, (), Needs(profiles=wanted) | needs, wanted)


def load_for_facts(
    unit: UnitOfWork, policy: IdentityPolicy, facts: Sequence[LostFact]
) -> IdentityState:
    """All that facts may change, with their profiles whole: their streams, identifiers, labels."""
    entries = [(stream, entry) for fact in facts for stream, entry in fact.entries.items()]
    keys = sorted({i["key"] for _, entry in entries for i in entry["identifiers"]})
    ADD_KEYS.execute(unit.connection, [{"key": key} for key in keys])
    LOCK_KEYS.execute(unit.connection, keys=keys)
    needs = Needs(
        profiles=frozenset(entry["profile_id"] for _, entry in entries),
        streams=frozenset(stream for stream, _ in entries),
    )
    found = _load(unit, policy, (), needs)
    labels = {stream.profile for stream in found.streams()}
    wanted = needs | Needs(profiles=frozenset(labels))
    state = _load_under_locks(unit, policy, (), wanted, frozenset())
    load_whole_lines(unit, state, keys)
    return state


def _load_under_locks(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
    wanted: frozenset[str],
    new_keys: frozenset[str] = frozenset(),
) -> IdentityState:
    state = _load(unit, policy, observations, needs, new_keys)
    labels = {stream.profile for stream in state.streams()} | wanted
    if not labels:
        return state
    rows = LOCK_PROFILES.execute(unit.connection, profile_ids=sorted(labels))
    state = _load(unit, policy, observations, needs, new_keys)
    if not {stream.profile for stream in state.streams()} <= labels:
        raise ConcurrentMove
    if any(not state.members(profile) for profile in wanted):
        raise ConcurrentMove
    _put_facts(state, rows)
    return state


def _load(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
    new_keys: frozenset[str] = frozenset(),
) -> IdentityState:
    """All that observations may change, and `needs`, but nothing of profiles as a whole.

    Of `new_keys`, which this transaction has made, no identifier has been seen before.
    """
    state = IdentityState(policy)
    contacts = sorted({i.key for o in observations for i in o.contacts})
    load_near(unit, state, observations, needs.moments, new_keys)
    _load_addresses(unit, state, contacts)
    _load_pairs(unit, state, likely_pairs(state, observations))
    _load_surroundings(unit, state, observations, needs | likely_needs(state, observations))
    return state


def load(
    unit: UnitOfWork,
    policy: IdentityPolicy,
    observations: Collection[Observation],
    needs: Needs,
) -> IdentityState:
    """What `load_locked` loads, without a lock: to look, not to change."""
    state = _load(unit, policy, observations, needs)
    load_resolutions(unit, state, observations)
    _load_facts(unit, state)
    return state


def load_more(
    unit: UnitOfWork, state: IdentityState, observations: Collection[Observation], needs: Needs
) -> None:
    """Load into a state in which nothing has been changed what else observations need."""
    if needs.moments:
        load_near(unit, state, observations, state.loaded.moments | needs.moments, frozenset())
    _load_surroundings(unit, state, observations, needs)
    _load_facts(unit, state)


def _load_facts(unit: UnitOfWork, state: IdentityState) -> None:
    """What is known as a whole of the profiles of all streams that were loaded."""
    labels = {stream.profile for stream in state.streams()} - state.profiles.keys()
    if labels:
        _put_facts(state, FACTS_OF_PROFILES.execute(unit.connection, profile_ids=sorted(labels)))


def _put_facts(state: IdentityState, rows: Iterable[sa.Row[Any]]) -> None:
    for row in rows:
        state.profiles[row.profile_id] = ProfileFacts(row.account, row.tied)


def _load_surroundings(
    unit: UnitOfWork, state: IdentityState, observations: Collection[Observation], needs: Needs
) -> None:
    _load_pairs(unit, state, needs.pairs)
    _load_needs(unit, state, needs)
    load_names(unit, state)
    _load_pairs(unit, state, further_pairs(state, observations))


def _load_needs(unit: UnitOfWork, state: IdentityState, needs: Needs) -> None:
    """Load what is needed whole, with the groups and the address streams around it."""
    connection = unit.connection
    if needs.streams:
        streams = sorted(needs.streams)
        state.load(tenures=tenures_of_rows(TENURES_OF_STREAMS.execute(connection, streams=streams)))
        state.load(
            sightings=sightings_of_rows(SIGHTINGS_OF_STREAMS.execute(connection, streams=streams))
        )
    if needs.addresses:
        most = state.policy.most_proven + 1
        rows = MOVABLE.execute(connection, keys=sorted(needs.addresses), most=most)
        state.load(sightings=sightings_of_rows(rows))
        _load_addresses(unit, state, needs.addresses)
        alone = {s.stream for s in state.sightings.values() if s.stream and s.profile == s.stream}
        needs |= Needs(profiles=frozenset(alone))
    if needs.profiles:
        wanted = sorted(needs.profiles)
        state.load(
            tenures=tenures_of_rows(TENURES_OF_PROFILES.execute(connection, profiles=wanted))
        )
        rows = SIGHTINGS_OF_PROFILES.execute(connection, profiles=wanted)
        state.load(sightings=sightings_of_rows(rows))
    groups = {t.group for t in state.tenures.values() if t.profile in needs.profiles} | needs.groups
    _load_groups(unit, state, groups)
    whole = [
        tenure
        for tenure in state.tenures.values()
        if tenure.group in groups and tenure.stream not in state.whole_tenures
    ]
    if streams := [tenure.stream for tenure in whole if not tenure.is_kiosk]:
        rows = SIGHTINGS_ON.execute(connection, streams=streams)
        state.load(sightings=sightings_of_rows(rows))
    if kiosks := [tenure for tenure in whole if tenure.is_kiosk]:
        rows = SIGHTINGS_WITH.execute(
            connection,
            streams=[tenure.stream for tenure in kiosks],
            profiles=sorted({tenure.profile for tenure in kiosks}),
        )
        state.load(sightings=sightings_of_rows(rows))
    state.whole_tenures.update(tenure.stream for tenure in whole)
    anchors = {stream.stream for stream in state.streams()} | needs.anchors
    _load_pinned(unit, state, anchors - state.loaded.anchors)
    state.loaded |= needs


def _load_pinned(unit: UnitOfWork, state: IdentityState, anchors: set[str]) -> None:
    """What a desk has pinned to streams, and to that in turn."""
    asked: set[str] = set()
    while missing := sorted(anchors - asked):
        rows = SIGHTINGS_PINNED_TO.execute(unit.connection, streams=missing)
        pinned = sightings_of_rows(rows)
        state.load(sightings=pinned)
        asked.update(missing)
        anchors |= {sighting.stream for sighting in pinned}
    state.loaded |= Needs(anchors=frozenset(asked))


def _load_groups(unit: UnitOfWork, state: IdentityState, groups: Collection[str]) -> None:
    if groups:
        rows = TENURES_OF_GROUPS.execute(unit.connection, groups=sorted(groups))
        state.load(tenures=tenures_of_rows(rows))
        state.loaded |= Needs(groups=frozenset(groups))


def load_names(unit: UnitOfWork, state: IdentityState) -> None:
    """The names and anchors that loaded streams refer to, and the names of the same accounts."""
    addresses = {s.address for s in state.sightings.values() if s.stream or s.own}
    _load_addresses(unit, state, addresses - state.whole_addresses)
    wanted: set[str] = set()
    for tenure in state.tenures.values():
        wanted |= {s for s in (tenure.owner, tenure.beside, tenure.prior, tenure.fused) if s}
        if tenure.group in state.loaded.groups:
            wanted.add(tenure.home)
    for sighting in state.sightings.values():
        wanted |= {s for s in (sighting.pin, sighting.fused) if s}
        if sighting.stream and sighting.on not in (ALONE, NOBODY):
            wanted.add(sighting.on)
    wanted |= {a.holder for a in state.address_tenures() if a.holder}
    missing = sorted(wanted - state.tenures.keys() - {SEVERAL})
    if missing:
        rows = TENURES_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(tenures=tenures_of_rows(rows))
        rows = SIGHTINGS_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(sightings=sightings_of_rows(rows))
    names = [t.group for t in state.tenures.values() if t.assurance == "verified"]
    _load_groups(unit, state, set(names) - state.loaded.groups)


def _load_other_accounts(
    unit: UnitOfWork, state: IdentityState, observations: Collection[Observation]
) -> None:
    """The accounts that hold the addresses and devices of another account's event."""
    keys = {i.key for o in observations if o.is_accounts for i in o.identifiers}
    owners = {t.owner for t in state.tenures.values() if t.key in keys and t.owner}
    holders = {a.holder for a in state.address_tenures() if a.key in keys and a.holder}
    missing = sorted((owners | holders) - state.tenures.keys())
    if missing:
        rows = TENURES_OF_STREAMS.execute(unit.connection, streams=missing)
        state.load(tenures=tenures_of_rows(rows))


def _load_addresses(unit: UnitOfWork, state: IdentityState, keys: Collection[str]) -> None:
    if keys:
        rows = ADDRESSES_OF_KEYS.execute(unit.connection, keys=sorted(keys))
        state.load(addresses=(AddressTenure(*row) for row in rows))
        state.whole_addresses.update(keys)


def _load_pairs(unit: UnitOfWork, state: IdentityState, pairs: Collection[tuple[str, str]]) -> None:
    if pairs:
        rows = [{"key": address, "stream": on} for address, on in sorted(pairs)]
        found = SIGHTINGS_OF_PAIRS.execute(unit.connection, rows)
        state.load(sightings=sightings_of_rows(found))
        state.loaded |= Needs(pairs=frozenset(pairs))
