"""Whom an id, a key or identifiers are about."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis import NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from identifiers import IdentifierTypes, accept
from profile_index import current_streams, profiles_of
from services.profiles import store
from services.profiles.domain import finding
from services.profiles.domain.finding import Nobody
from services.profiles.queries.reading import Holders, IdentityLookup
from services.profiles.vault import Vault

_AMBIGUOUS = 5
CONTACTS = ("email", "phone")


def find_profile(identity: IdentityLookup, request: Mapping[str, Any]) -> str:
    """The profile id of a request, which has it or identifiers; NotFound if it is nobody's.

    Identifiers are taken as the shop's own knowledge, so that they lead to an account as well.
    """
    if "profile_id" in request:
        return str(request["profile_id"])
    response = identity.lookup(identifiers=request["identifiers"], authenticated=True)
    if response["profile_id"] is None:
        unused = [f"{each['type']} {each['reason']}" for each in response["ignored_identifiers"]]
        why = "; ".join(unused) or "profiles.find says why"
        raise NotFound("identifiers", f"lead to no profile that we know; {why}")
    return str(response["profile_id"])


def addresses_meant(unit: UnitOfWork, vault: Vault, request: Mapping[str, Any]) -> list[str]:
    """The keys of the addresses that a request of `find` or `address` gives."""
    if start := finding.start_of_key(request.get("who") or request.get("key") or ""):
        name = start.partition(":")[0]
        kind = vault.types.by_name.get(name)
        if kind is None or kind.assurance != "claimed":
            return []
        return sorted(store.known_keys(unit, start, _AMBIGUOUS))
    given = request.get("identifiers") or {n: request[n] for n in CONTACTS if n in request}
    if not given:
        return []
    accepted = accept(given, vault.types, vault.key)
    return [each.key for each in accepted.keys if each.type.assurance == "claimed"]


def find_by_word(
    unit: UnitOfWork, types: IdentifierTypes, word: str, holders: Holders
) -> dict[str, Any]:
    """The response of `find` for an id or a key, which may be abbreviated."""
    word = word.strip()
    start = finding.start_of_key(word)
    if start is not None:
        return _find_key(unit, types, start, holders)
    if current := current_streams(unit, word):
        return _found(current[0], "profile" if current[0] == word else "stream", word)
    if event := unit.find([word]).get(word):
        return _found(profiles_of(unit, [event.stream]).get(event.stream), "event", event.stream)
    is_deferred, reason = store.deferred_state(unit, word)
    return _found_nobody(
        finding.deferred(reason) if is_deferred else finding.nobody_by_word(word, types)
    )


def find_by_identifiers(
    unit: UnitOfWork,
    vault: Vault,
    identifiers: Mapping[str, str],
    response: Mapping[str, Any],
    holders: Holders,
) -> dict[str, Any]:
    """The response of `find` for identifiers, of which identity has responded to `lookup`.

    Addresses that are proven lead to their account, if all of them lead to one.
    """
    if response["profile_id"] is not None:
        return _found(response["profile_id"], "identifier", response["stream_id"])
    profiles = profiles_of(unit, sorted(set(holders.values())))
    if len(set(profiles.values())) == 1:
        stream, profile_id = min(profiles.items())
        return _found(profile_id, "identifier", stream)
    accepted = accept(identifiers, vault.types, vault.key)
    keys = [identifier.key for identifier in accepted.keys]
    seen = dict.fromkeys(store.sealed_values(unit, keys), True)
    return _found_nobody(finding.nobody_by_identifiers(accepted.keys, accepted.ignored, seen))


def _find_key(
    unit: UnitOfWork, types: IdentifierTypes, start: str, holders: Holders
) -> dict[str, Any]:
    keys = store.known_keys(unit, start, _AMBIGUOUS)
    if len(keys) > 1:
        return _found_nobody(finding.ambiguous(keys))
    for key, of_key in keys.items():
        stream = of_key or holders.get(key)
        if stream is None:
            return _found_nobody(finding.address_alone(start.partition(":")[0]))
        return _found(profiles_of(unit, [stream]).get(stream), "key", stream)
    return _found_nobody(finding.nobody_by_word(start, types))


def _found(profile_id: str | None, found_as: str, stream_id: str | None) -> dict[str, Any]:
    return {
        "profile_id": profile_id,
        "found_as": found_as,
        "stream_id": stream_id,
        "reasons": [],
        "try": [],
    }


def _found_nobody(nobody: Nobody) -> dict[str, Any]:
    return {
        "profile_id": None,
        "found_as": None,
        "stream_id": None,
        "reasons": nobody.reasons,
        "try": nobody.advice,
    }
