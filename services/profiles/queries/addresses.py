"""What is known of an address and the account that holds it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from chassis import Event, InvalidInput, NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.addresses import ADDRESS_RESPONSE, MAX_STATEMENTS
from identifiers import accept
from profile_index import current_streams, profiles_of
from rules import combine
from services.profiles import store
from services.profiles.domain import addresses, finding
from services.profiles.domain.addresses import AddressUse, ConsentStatement
from services.profiles.queries.reading import Holders, Reading
from services.profiles.store import CurrentSummary
from services.profiles.vault import Vault


def check_address(request: Mapping[str, str], vault: Vault, keys: Sequence[str]) -> str:
    """The key of the address that a request of `address` gives; `keys` are those it may mean."""
    ((field, value),) = request.items()
    if field != "key":
        for ignored in accept(request, vault.types, vault.key).ignored:
            raise InvalidInput(field, ignored.reason)
    elif len(keys) > 1:
        raise InvalidInput(field, "; ".join(finding.ambiguous(keys).lines))
    elif not keys:
        raise NotFound(field, "; ".join(finding.no_address(value, vault.types).lines))
    return keys[0]


def read_address(unit: UnitOfWork, key: str, holders: Holders) -> Reading:
    """What is known of an address and the account that holds it."""
    type_ = key.partition(":")[0]
    uses = store.newest_uses(unit, [key]).get(key, [])
    held_by = holders.get(key)
    if not uses and held_by is None:
        raise NotFound(type_, "has never been told; or not since addresses are noted")
    labels = profiles_of(unit, sorted({use.stream for use in uses} | {held_by or ""} - {""}))
    holder = labels.get(held_by) if held_by else None
    current = current_streams(unit, holder) if holder else None
    accounts = frozenset(current[1] if current else ())
    own = [use.stream for use in uses if use.kind == "address"]
    summaries = store.current_summaries(unit, sorted({*own, *accounts}))
    refusals = store.load_refusals(unit, [key]).get(key, [])
    places = store.timeline_places(unit, list(summaries), ["consent_changed"], None, MAX_STATEMENTS)
    consents = unit.events_at((place.stream, place.version) for place in places)
    statements = addresses.statements(consents, refusals)[:MAX_STATEMENTS]
    events = unit.find(sorted({each.event_id for each in statements}))
    kinds = {use.stream: use.kind for use in uses}
    book = combine(current.summary for current in summaries.values()).book(unit.now).orders
    response = ADDRESS_RESPONSE.dump(
        {
            "type": type_,
            "key": key,
            "profile_id": holder,
            "orders": {"count": len(book), "last_at": book[-1].at if book else None},
            "consent": [
                _consent_statement(each, events.get(each.event_id), kinds, accounts)
                for each in statements
            ],
            "streams": [
                {
                    "stream_id": use.stream,
                    "profile_id": labels.get(use.stream),
                    "kind": use.kind,
                    "proven": use.kind == "account"
                    and holder is not None
                    and labels.get(use.stream) == holder,
                    "first_at": use.first_at,
                    "last_at": use.last_at,
                    **_orders_of(use, summaries, unit.now),
                }
                for use in uses
            ],
        }
    )
    return Reading(response, summaries)


def _orders_of(
    use: AddressUse, summaries: Mapping[str, CurrentSummary], now: int
) -> dict[str, int]:
    if use.kind != "address":
        return {}
    return {"orders": len(summaries[use.stream].summary.book(now).orders)}


def _consent_statement(
    statement: ConsentStatement,
    event: Event | None,
    kinds: Mapping[str, str],
    accounts: Collection[str],
) -> dict[str, Any]:
    source = origin = authenticated = None
    if event is not None:
        elsewhere = "account" if event.stream in accounts else None
        source = kinds.get(event.stream, elsewhere)
        origin = event.metadata.get("origin", "server")
        authenticated = bool(event.metadata.get("authenticated"))
    return {
        **asdict(statement),
        "source": source,
        "origin": origin,
        "authenticated": authenticated,
    }
