"""The timeline of a profile, pure: what happened to one person, and what identity made of it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from chassis import Event, InvalidInput, format_instant
from contracts.event_types import EVENT_TYPES, OrderLine
from contracts.timeline import MAX_MOVES, MAX_ORDERS
from rules import OrderAccount, Summary, uncounted_currencies

_MOST_DATA = 4_096  # characters of JSON an entry shows
_MOST_LINES = 20  # products
_MOST_NAMES = 50  # fields that were left out
_UNCHANGED = frozenset({"identity_changed"})
# What joint facts of ours say to people; the rest of them is for read models.
_FACT_FIELDS: Mapping[str, frozenset[str]] = {
    "order_moved": frozenset({"order_id", "store", "from", "to"}),
    "consent_refused": frozenset({"purpose", "event_id"}),
}
_LINE_FIELDS = frozenset(OrderLine().fields)

_WORDS = {
    "created": "first seen: a new profile",
    "linked": "known by more identifiers",
    "merged": "two profiles became one",
    "separated": "a part of it went to a profile of its own",
    "tenure_opened": "a tenure began on the device",
    "verified": "an identifier was proven",
    "split": "the support desk split the profile",
    "redrawn": "claims were parted from the profile",
}
_CAUSES = {
    "signed_in": "signed in",
    "signed_out": "signed out",
    "account_created": "made an account",
    "account_updated": "changed the account",
    "contact_released": "released an address",
}


class TimelinePlace(NamedTuple):
    """The place of an event in a timeline: later ones come first."""

    occurred_at: int
    recorded_at: int
    version: int
    stream: str

    @classmethod
    def of(cls, event: Event) -> TimelinePlace:
        """The place of an event."""
        return cls(event.occurred_at, event.recorded_at, event.version, event.stream)

    @classmethod
    def read(cls, cursor: str) -> TimelinePlace:
        """The place that a cursor names; InvalidInput if it is none."""
        *numbers, stream = cursor.split(".", 3)
        try:
            occurred_at, recorded_at, version = map(int, numbers)
        except ValueError:
            raise InvalidInput("before", "is no cursor: give `next` of the page before") from None
        if not stream or max(map(abs, (occurred_at, recorded_at, version))) >= 2**62:
            raise InvalidInput("before", "is no cursor: give `next` of the page before")
        return cls(occurred_at, recorded_at, version, stream)

    @property
    def cursor(self) -> str:
        """The place as text."""
        return ".".join(map(str, self))


def is_told_here(event: Event, streams: Collection[str]) -> bool:
    """Whether a copy of a joint fact is the one of its copies in `streams` that is shown."""
    return not event.joint or event.stream == min(event.versions.keys() & set(streams))


def entry(
    event: Event,
    founding: Event | None,
    causes: Mapping[str, str],
    values: Mapping[str, str] | None,
) -> dict[str, Any]:
    """An entry of the response.

    `founding` is the first event of its stream, `causes` has the types of events by id, and
    `values` the plain values of identifiers by key if they may be shown.
    """
    metadata = event.metadata
    is_fact = event.type in _UNCHANGED
    data, left_out = ({}, []) if is_fact else visible_data(event, reveal=values is not None)
    identifier = None if founding is None else _identifier(founding, event.stream)
    address = metadata.get("address")
    return {
        "event_id": event.data["fact_id"] if event.joint else event.id,
        "type": event.type,
        "at": format_instant(event.occurred_at),
        "told_at": metadata.get("told_time"),
        "recorded_at": format_instant(event.recorded_at),
        "stream_id": event.stream,
        "version": event.version,
        "identifier": identifier and _with_value(identifier, values),
        "address": _with_value({"type": _type(address), "key": address}, values)
        if address
        else None,
        "assurance": metadata.get("assurance"),
        "authenticated": metadata.get("authenticated"),
        "origin": None if event.joint else metadata.get("origin", "server"),
        "recorded_under": metadata.get("profile_id"),
        "data": data,
        "left_out": left_out,
        "identity": identity(event, causes) if is_fact else None,
    }


def keys_of(events: Iterable[Event], foundings: Mapping[str, Event]) -> list[str]:
    """The keys that entries of these events show, sorted."""
    keys = set()
    for event in events:
        founding = foundings.get(event.stream)
        identifier = founding and _identifier(founding, event.stream)
        if identifier:
            keys.add(identifier["key"])
        if event.metadata.get("address"):
            keys.add(event.metadata["address"])
    return sorted(keys)


def identity(event: Event, causes: Mapping[str, str]) -> dict[str, Any]:
    """What a fact of identity says, in words."""
    reason, note = event.data["reason"], event.data.get("note")
    cause = event.metadata.get("causation_id")
    moves = event.data["streams"]
    return {
        "reason": reason,
        "words": identity_words(reason, note, causes.get(cause or "")),
        "note": note,
        "event_id": cause,
        "event_type": causes.get(cause or ""),
        "moved": len(moves),
        "moves": [
            {
                "stream_id": move["stream"],
                "profile_id": move["profile_id"],
                "identifiers": [each["type"] for each in move["identifiers"]],
            }
            for move in moves[:MAX_MOVES]
        ],
    }


def identity_words(reason: str, note: str | None, cause: str | None) -> str:
    """A fact of identity in plain words: what came to pass, and by what it was shown."""
    if note is not None and reason == "merged":
        return "the support desk merged two profiles"
    words = _WORDS.get(reason, reason.replace("_", " "))
    return f"{_CAUSES[cause]}: {words}" if cause in _CAUSES else words


def visible_data(event: Event, *, reveal: bool) -> tuple[dict[str, Any], list[str]]:
    """What is shown of an event's data, and the names of the fields that are not.

    What the platform does not read may say anything about a person, as traits do: that takes
    `reveal`. What is too large is left out.
    """
    if event.joint:
        names = _FACT_FIELDS.get(event.type, frozenset())
        return {name: value for name, value in event.data.items() if name in names}, []
    schema = EVENT_TYPES.get(event.type)
    known = frozenset(schema.fields) - schema.personal if schema else frozenset()
    fields: dict[str, Any] = {}
    left_out: list[str] = []
    room = _MOST_DATA
    for name, value in event.data.items():
        if not reveal and name not in known:
            left_out.append(name)
            continue
        part = _lines(value, reveal) if name == "products" else value
        size = len(json.dumps(part, ensure_ascii=False))
        if size > room:
            left_out.append(name)
        else:
            room -= size
            fields[name] = part
            if part != value and len(part) < len(value):
                left_out.append(f"{name}.{len(part)}")
    return fields, left_out[:_MOST_NAMES]


def order_list(summary: Summary) -> tuple[list[dict[str, Any]], int]:
    """The newest orders as they stand, whatever their dates, and how many there are."""
    orders = summary.orders()
    states = summary.state.orders
    newest = orders[:MAX_ORDERS]
    return [_order(each, uncounted_currencies(states[each.key])) for each in newest], len(orders)


def _order(account: OrderAccount, uncounted: Sequence[str]) -> dict[str, Any]:
    order = {
        "order_id": account.order_id,
        "status": account.status,
        "at": format_instant(account.at),
        "revenue": account.revenue,
        "net": account.net,
        "currency": account.currency,
        **({"uncounted": uncounted} if uncounted else {}),
    }
    return order if account.store is None else {**order, "store": account.store}


def _lines(value: Any, reveal: bool) -> Any:
    """The first lines of an order or a cart; without `reveal`, what the platform reads of them."""
    if not isinstance(value, list):
        return value
    lines = [each for each in value[:_MOST_LINES] if isinstance(each, Mapping)]
    if reveal:
        return lines
    return [{name: part for name, part in line.items() if name in _LINE_FIELDS} for line in lines]


def _identifier(founding: Event, stream: str) -> dict[str, Any] | None:
    """The identifier of a stream, as the first fact in it names it."""
    moves: Sequence[Mapping[str, Any]] = (
        founding.data["streams"] if founding.type in _UNCHANGED else ()
    )
    for move in moves:
        if move["stream"] == stream and move["identifiers"]:
            found = move["identifiers"][0]
            return {name: found[name] for name in ("type", "key", "tenure", "assurance")}
    return None


def _with_value(identifier: dict[str, Any], values: Mapping[str, str] | None) -> dict[str, Any]:
    if values is None:
        return identifier
    return {**identifier, "value": values.get(identifier["key"])}


def _type(key: str) -> str:
    return key.partition(":")[0]
