"""Reading a profile: the combination of what its streams' logs say, up to this moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import current_streams
from rules import combine, profile_view
from services.profiles import store
from services.profiles.vault import Vault


class IdentityLookup(Protocol):
    """What reading asks of identity."""

    def lookup(self, *, identifiers: Mapping[str, str], authenticated: bool) -> dict[str, Any]:
        """`{profile_id or null, …}`"""
        ...


def find_profile(identity: IdentityLookup, who: Mapping[str, Any]) -> str:
    """The profile id that was asked for, by itself or by identifiers; NotFound if nobody's.

    Identifiers are taken as the shop's own knowledge, so that they lead to an account as well.
    """
    if "profile_id" in who:
        return str(who["profile_id"])
    profile_id = identity.lookup(identifiers=who["identifiers"], authenticated=True)["profile_id"]
    if profile_id is None:
        raise NotFound("identifiers", "lead to no profile that we know")
    return str(profile_id)


def read_profile(
    unit: UnitOfWork, profile_id: str, requested: str | None, vault: Vault | None = None
) -> dict[str, Any]:
    """The profile that `profile_id` stands for today; NotFound if it never was one.

    With a `vault`, the plain values of its identifiers are told, null for one that is not kept.
    """
    known = current_streams(unit.connection, profile_id)
    if known is None:
        raise NotFound("profile_id", "is no profile that we know")
    current, streams = known
    summaries = store.summaries(unit, streams)
    keys = store.identifier_keys(unit, streams)
    return {
        "profile_id": current,
        "requested": requested,
        "identifiers": _identifiers(unit, keys, vault),
        **profile_view(combine(summary for _, summary in summaries.values())),
        "versions": {stream: version for stream, (version, _) in summaries.items()},
    }


def _identifiers(
    unit: UnitOfWork, keys: Sequence[str], vault: Vault | None
) -> list[dict[str, Any]]:
    identifiers: list[dict[str, Any]] = [
        {"type": key.partition(":")[0], "key": key} for key in keys
    ]
    if vault is not None:
        sealed = store.sealed_values(unit, keys)
        for known in identifiers:
            key = known["key"]
            known["value"] = vault.open(key, sealed[key]) if key in sealed else None
    return identifiers


def preview_profiles(
    unit: UnitOfWork, stream_sets: Sequence[Sequence[str]]
) -> list[dict[str, Any]]:
    """What the combination of each set of streams would show."""
    summaries = store.summaries(unit, sorted({s for streams in stream_sets for s in streams}))
    return [
        profile_view(combine(summaries[stream][1] for stream in set(streams)))
        for streams in stream_sets
    ]
