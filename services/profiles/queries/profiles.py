"""A profile: the combination of the summaries of its streams, up to this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.profiles import (
    KNOWN_ADDRESS,
    MAX_ADDRESSES,
)
from profile_index import current_streams
from rules import combine, profile_view
from services.profiles import store
from services.profiles.domain import addresses
from services.profiles.queries.reading import Holders, Reading, plain_values
from services.profiles.vault import Vault

_MOST_USES = 1_000


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
    revealed = {} if vault is None else {"addresses": _addresses(unit, streams, vault)}
    response = {
        "profile_id": current_id,
        "requested": requested,
        "identifiers": _identifiers(unit, keys, vault),
        **revealed,
        **profile_view(combine(current.summary for current in summaries.values()), unit.now),
        "versions": {stream: current.version for stream, current in summaries.items()},
    }
    return Reading(response, summaries)


def with_proofs(profile: Mapping[str, Any], holders: Holders) -> dict[str, Any]:
    """A revealed profile, of whose addresses those are proven that it holds today."""
    known = [
        {**each, "proven": holders.get(each["key"]) in profile["versions"]}
        for each in profile["addresses"]
    ]
    return {**profile, "addresses": known}


def preview_profiles(unit: UnitOfWork, stream_sets: Sequence[Sequence[str]]) -> Reading:
    """The profile that each set of streams would be."""
    streams = sorted({stream for streams in stream_sets for stream in streams})
    summaries = store.current_summaries(unit, streams)
    response = [
        profile_view(combine(summaries[stream].summary for stream in set(streams)), unit.now)
        for streams in stream_sets
    ]
    return Reading(response, summaries)


def _identifiers(
    unit: UnitOfWork, keys: Sequence[str], vault: Vault | None
) -> list[dict[str, Any]]:
    found = [{"type": key.partition(":")[0], "key": key} for key in keys]
    if vault is None:
        return found
    values = plain_values(unit, keys, vault)
    return [{**each, "value": values.get(each["key"])} for each in found]


def _addresses(unit: UnitOfWork, streams: Sequence[str], vault: Vault) -> list[dict[str, Any]]:
    """The addresses that were told in the streams of a profile, with their plain values."""
    found = addresses.told_last(store.uses_in(unit, streams, _MOST_USES))[:MAX_ADDRESSES]
    identifiers = _identifiers(unit, [use.address for use in found], vault)
    return [
        KNOWN_ADDRESS.dump(identifier | asdict(use))
        for identifier, use in zip(identifiers, found, strict=True)
    ]
