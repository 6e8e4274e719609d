"""Reading a profile: the combination of the summaries of its streams, up to this moment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from contracts.profiles import UNRECORDABLE_EVENT
from profile_index import current_streams
from rules import combine, profile_view
from services.profiles import store
from services.profiles.store import CurrentSummary
from services.profiles.vault import Vault


class IdentityLookup(Protocol):
    """The call of identity that reading makes."""

    def lookup(self, *, identifiers: Mapping[str, str], authenticated: bool) -> dict[str, Any]:
        """`{profile_id or null, …}`"""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A response, and the summaries that it was made of: they may be worth storing."""

    response: Any
    summaries: Mapping[str, CurrentSummary]


def find_profile(identity: IdentityLookup, request: Mapping[str, Any]) -> str:
    """The profile id of a request, which has it or identifiers; NotFound if it is nobody's.

    Identifiers are taken as the shop's own knowledge, so that they lead to an account as well.
    """
    if "profile_id" in request:
        return str(request["profile_id"])
    response = identity.lookup(identifiers=request["identifiers"], authenticated=True)
    if response["profile_id"] is None:
        raise NotFound("identifiers", "lead to no profile that we know")
    return str(response["profile_id"])


def read_profile(
    unit: UnitOfWork, profile_id: str, requested: str | None, vault: Vault | None = None
) -> Reading:
    """The profile that `profile_id` stands for today; NotFound if it never was one.

    With a `vault`, its identifiers have their plain values, null for one that is not kept.
    """
    current = current_streams(unit, profile_id)
    if current is None:
        raise NotFound("profile_id", "is not a profile that we know")
    current_id, streams = current
    summaries = store.current_summaries(unit, streams)
    keys = store.identifier_keys(unit, streams)
    response = {
        "profile_id": current_id,
        "requested": requested,
        "identifiers": _identifiers(unit, keys, vault),
        **profile_view(combine(current.summary for current in summaries.values())),
        "versions": {stream: current.version for stream, current in summaries.items()},
    }
    return Reading(response, summaries)


def preview_profiles(unit: UnitOfWork, stream_sets: Sequence[Sequence[str]]) -> Reading:
    """The profile that each set of streams would be."""
    streams = sorted({stream for streams in stream_sets for stream in streams})
    summaries = store.current_summaries(unit, streams)
    response = [
        profile_view(combine(summaries[stream].summary for stream in set(streams)))
        for streams in stream_sets
    ]
    return Reading(response, summaries)


def _identifiers(
    unit: UnitOfWork, keys: Sequence[str], vault: Vault | None
) -> list[dict[str, Any]]:
    identifiers: list[dict[str, Any]] = [
        {"type": key.partition(":")[0], "key": key} for key in keys
    ]
    if vault is not None:
        sealed = store.sealed_values(unit, keys)
        for identifier in identifiers:
            key = identifier["key"]
            identifier["value"] = vault.open(key, sealed[key]) if key in sealed else None
    return identifiers


def list_unrecordable(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The newest events that waited for identity and could not be recorded."""
    return [UNRECORDABLE_EVENT.dump(asdict(e)) for e in store.list_unrecordable(unit, limit)]


def _measure_deferred(unit: UnitOfWork) -> Iterator[Sample]:
    counts = store.count_deferred(unit)
    yield "cdp_waiting_events", [], counts.waiting
    yield "cdp_waiting_age_seconds", [], counts.seconds
    yield "cdp_unrecordable_events", [], counts.unrecordable


DEFERRED_GAUGES = GaugeQuery(
    {
        "cdp_waiting_events": "Events that wait for identity.",
        "cdp_waiting_age_seconds": "How long ago the oldest of them was received.",
        "cdp_unrecordable_events": "Events that waited for identity and could not be recorded.",
    },
    _measure_deferred,
)
