"""Reading identity: who identifiers lead to now, and what a profile is made of."""

from __future__ import annotations

from typing import Any

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity import store
from services.identity.domain import responses
from services.identity.domain.observation import Observation
from services.identity.domain.resolution import look_up
from services.identity.domain.state import IdentityPolicy

_MOST_FACTS = 1_000_000


def find(unit: UnitOfWork, rules: IdentityPolicy, observation: Observation) -> dict[str, Any]:
    """The answer of `lookup`."""
    keys = [identifier.key for identifier in observation.identifiers]
    state = store.load_profiles(unit.connection, rules, keys)
    is_claimed = any(state.verified(tenure.profile) for key in keys for tenure in state.held(key))
    return responses.found(look_up(state, observation), is_claimed, observation.ignored)


def describe(unit: UnitOfWork, requested: str) -> dict[str, Any]:
    """The answer of `describe`; NotFound if the id never was a profile's."""
    profile = store.find_profile(unit.connection, requested)
    if profile is None:
        raise NotFound("profile_id", "is no profile that we know")
    tenures, related, merged = store.describe(unit.connection, profile)
    return responses.description(profile, requested, tenures, related, merged)


def explain(unit: UnitOfWork, requested: str) -> dict[str, Any]:
    """The answer of `explain`: the facts of all streams that are in a profile, the oldest first."""
    profile = store.find_profile(unit.connection, requested)
    if profile is None:
        raise NotFound("profile_id", "is no profile that we know")
    streams = [tenure.stream for tenure in store.describe(unit.connection, profile)[0]]
    told = unit.history(dict.fromkeys(streams, 0), _MOST_FACTS)
    also = {entry["stream"] for event in told for entry in event.data["streams"]} - set(streams)
    if also:  # so that it can be said where those came from that have left again
        told += unit.history(dict.fromkeys(also, 0), _MOST_FACTS)
    return responses.history(profile, requested, told, set(streams))
