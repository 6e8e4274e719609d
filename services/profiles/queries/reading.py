"""What all reading shares: its result, what it asks identity, and plain values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles import store
from services.profiles.store import CurrentSummary
from services.profiles.vault import Vault

Holders = Mapping[str, str]
"""Streams of the accounts that hold addresses, by the keys of these, as identity knows them."""


class IdentityLookup(Protocol):
    """The calls of identity that reading makes."""

    def lookup(self, *, identifiers: Mapping[str, str], authenticated: bool) -> dict[str, Any]:
        """`{profile_id or null, …}`"""
        ...

    def holders(self, *, keys: list[str]) -> dict[str, Any]:
        """`{holders: [{key, stream_id, profile_id}]}`"""
        ...


@dataclass(frozen=True, slots=True)
class Reading:
    """A response, and the summaries that it was made of: they may be worth storing."""

    response: Any
    summaries: Mapping[str, CurrentSummary]


def ask_holders(identity: IdentityLookup, keys: Sequence[str]) -> Holders:
    """Who holds addresses today, which identity alone knows: they are released and withdrawn."""
    if not keys:
        return {}
    holders = identity.holders(keys=list(keys))["holders"]
    return {each["key"]: each["stream_id"] for each in holders}


def plain_values(unit: UnitOfWork, keys: Sequence[str], vault: Vault) -> dict[str, str]:
    """The plain values of keys, of those that are still kept."""
    sealed = store.sealed_values(unit, keys)
    return {key: vault.open(key, text) for key, text in sealed.items()}
