"""Reading a profile: the combination of the summaries of its streams, up to this moment."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from chassis import Event, InvalidInput, NotFound
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from contracts.addresses import ADDRESS_RESPONSE, MAX_STATEMENTS
from contracts.profiles import (
    EVENT_CONFLICT,
    KNOWN_ADDRESS,
    MAX_ADDRESSES,
    ORDER_REVIEW,
    UNRECORDABLE_EVENT,
)
from identifiers import IdentifierTypes, accept
from profile_index import current_streams, profiles_of
from rules import combine, profile_view
from services.profiles import store
from services.profiles.domain import addresses, finding, timeline
from services.profiles.domain.addresses import AddressUse, ConsentStatement
from services.profiles.domain.finding import Nobody
from services.profiles.domain.timeline import TimelinePlace
from services.profiles.store import CurrentSummary
from services.profiles.vault import Vault

_TIMELINE_ROUNDS = 20
_LEAST_READ = 50
_AMBIGUOUS = 5
_MOST_USES = 1_000
CONTACTS = ("email", "phone")


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


def find_profile(identity: IdentityLookup, request: Mapping[str, Any]) -> str:
    """The profile id of a request, which has it or identifiers; NotFound if it is nobody's.

    Identifiers are taken as the shop's own knowledge, so that they lead to an account as well.
    """
    if "profile_id" in request:
        return str(request["profile_id"])
    response = identity.lookup(identifiers=request["identifiers"], authenticated=True)
    if response["profile_id"] is None:
        raise NotFound("identifiers", "lead to no profile that we know; profiles.find says why")
    return str(response["profile_id"])


def ask_holders(identity: IdentityLookup, keys: Sequence[str]) -> Holders:
    """Who holds addresses today, which identity alone knows: they are released and withdrawn."""
    if not keys:
        return {}
    holders = identity.holders(keys=list(keys))["holders"]
    return {each["key"]: each["stream_id"] for each in holders}


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


def read_timeline(
    unit: UnitOfWork, profile_id: str, request: Mapping[str, Any], vault: Vault | None = None
) -> Reading:
    """A page of what happened to the profile that `profile_id` stands for today.

    With a `vault`, plain values are shown.
    """
    current = current_streams(unit, profile_id)
    if current is None:
        raise NotFound("profile_id", "is not a profile that we know")
    current_id, streams = current
    events, cursor = _timeline_page(unit, streams, request)
    summaries: Mapping[str, CurrentSummary] = {}
    orders = order_count = None
    if "before" not in request:
        summaries = store.current_summaries(unit, streams)
        whole = combine(current.summary for current in summaries.values())
        orders, order_count = timeline.order_list(whole)
    response = {
        "profile_id": current_id,
        "requested": request.get("profile_id"),
        "entries": _timeline_entries(unit, events, vault),
        "next": cursor,
        "orders": orders,
        "order_count": order_count,
    }
    return Reading(response, summaries)


def _timeline_page(
    unit: UnitOfWork, streams: Sequence[str], request: Mapping[str, Any]
) -> tuple[list[Event], str | None]:
    """The events of a page, a copy of each joint fact, and where the next page begins.

    Copies are passed over by a few rounds at most: a page may have fewer than it could.
    """
    before = TimelinePlace.read(request["before"]) if "before" in request else None
    limit: int = request["limit"]
    size = max(limit, _LEAST_READ)
    events: list[Event] = []
    for _ in range(_TIMELINE_ROUNDS):
        places = store.timeline_places(unit, streams, request.get("types"), before, size + 1)
        found = {
            TimelinePlace.of(event): event
            for event in unit.events_at((each.stream, each.version) for each in places[:size])
        }
        for place in places[:size]:
            if len(events) == limit:
                return events, before.cursor if before else None
            before = place
            if timeline.is_told_here(found[place], streams):
                events.append(found[place])
        if len(places) <= size:
            return events, None
    return events, before.cursor if before else None


def _timeline_entries(
    unit: UnitOfWork, events: Sequence[Event], vault: Vault | None
) -> list[dict[str, Any]]:
    firsts = unit.events_at({(event.stream, 1) for event in events})
    foundings = {event.stream: event for event in firsts}
    causes = {str(event.metadata.get("causation_id", "")) for event in events} - {""}
    types = {event.id: event.type for event in unit.find(sorted(causes)).values()}
    values = None
    if vault is not None:
        values = _plain_values(unit, timeline.keys_of(events, foundings), vault)
    return [timeline.entry(event, foundings.get(event.stream), types, values) for event in events]


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
    values = _plain_values(unit, keys, vault)
    return [{**each, "value": values.get(each["key"])} for each in found]


def _addresses(unit: UnitOfWork, streams: Sequence[str], vault: Vault) -> list[dict[str, Any]]:
    """The addresses that were told in the streams of a profile, with their plain values."""
    found = addresses.told_last(store.uses_in(unit, streams, _MOST_USES))[:MAX_ADDRESSES]
    identifiers = _identifiers(unit, [use.address for use in found], vault)
    return [
        KNOWN_ADDRESS.dump(identifier | asdict(use))
        for identifier, use in zip(identifiers, found, strict=True)
    ]


def _plain_values(unit: UnitOfWork, keys: Sequence[str], vault: Vault) -> dict[str, str]:
    """The plain values of keys, of those that are still kept."""
    sealed = store.sealed_values(unit, keys)
    return {key: vault.open(key, text) for key, text in sealed.items()}


def list_order_reviews(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The response of `review`: the open entries, those seen last first."""
    rows = store.list_order_reviews(unit, limit)
    profiles = profiles_of(unit, [s for row in rows for s in (row.home_stream, row.stream_id)])
    return [
        ORDER_REVIEW.dump(
            {
                "id": row.id,
                "kind": "order_id_reused",
                "store": row.store or None,
                "order_id": row.order_id,
                "profile_id": profiles.get(row.home_stream),
                "other_profile_id": profiles.get(row.stream_id),
                "event_id": row.event_id,
                "first_at": row.first_at,
                "last_at": row.last_at,
            }
        )
        for row in rows
    ]


def list_conflicts(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The newest events whose id stands for another one."""
    conflicts = store.list_conflicts(unit, limit)
    return [EVENT_CONFLICT.dump(asdict(each)) for each in conflicts]


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
