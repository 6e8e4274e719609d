"""Events of `/v1/record`: who vouches for them, and what their senders are told of them.

A server's key vouches for what it sends. A browser's key vouches for nothing; a user token vouches
for the user that it names, but for nothing that a shop alone can know.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.core.errors import InvalidInput
from contracts.event_schema import MAX_ID, Origin
from contracts.event_types import ACCOUNT_EVENTS
from contracts.ingest import read_events
from services.gateway.domain.event_ids import own_id
from services.gateway.domain.exchange import EdgeRequest
from services.gateway.domain.tracking.authority import OF_THE_SHOP
from services.gateway.domain.tracking.items import text_of

# What a browser is told of its events: whose they are is nobody's business there.
_FOR_BROWSERS = ("event_id", "status", "ignored_identifiers", "error", "errors", "warnings")
_MOST_EVENTS = 1_000  # as a call of profiles takes
_OF_THE_REQUEST = {"writeKey", "userToken", "sentAt", "test"}


@dataclass(frozen=True, slots=True)
class EventRun:
    """Events that follow one another and come in by one entry: a call of `profiles.record`."""

    events: Sequence[Any]
    origin: Origin


def events_of(document: Any) -> list[Any]:
    """The events of a request; InvalidInput if it is not an object with a list of them."""
    if not isinstance(document, dict) or not isinstance(document.get("events"), list):
        raise InvalidInput("events", 'is missing: send {"events": [...]}, a list of events')
    for name in document.keys() - {"events"} - _OF_THE_REQUEST:
        raise InvalidInput(name[:100], "is no field of this request; send `events`")
    events: list[Any] = document["events"]
    if len(events) > _MOST_EVENTS:
        raise InvalidInput("events", f"are {len(events):,}; send at most {_MOST_EVENTS:,}")
    return events


def runs_of(request: EdgeRequest, events: Sequence[Any]) -> Iterator[EventRun]:
    """The events in their order, as calls: what a user token vouches for is as a server's."""
    run: list[Any] = []
    origin: Origin = "server"
    for event in events:
        one, vouched = _vouched(request, event)
        if run and vouched != origin:
            yield EventRun(run, origin)
            run = []
        origin = vouched
        run.append(one)
    yield EventRun(run, origin)


def check_only(run: EventRun, now: int) -> list[dict[str, Any]]:
    """What the receipts of a test source say: whether the events are right, and no more."""
    checked = read_events(list(run.events), now, origin=run.origin)
    receipts = []
    for place, event in enumerate(run.events):
        rejected = checked.errors.get(place)
        found = checked.valid[place] if rejected is None else rejected
        receipt: dict[str, Any] = {
            "event_id": event.get("id") if isinstance(event, dict) else None,
            "status": "checked" if rejected is None else "rejected",
            "ignored_identifiers": [],
            "warnings": [each.to_wire() for each in found.warnings],
        }
        if rejected is not None:
            receipt["errors"] = [each.to_wire() for each in rejected.errors]
            receipt["error"] = receipt["errors"][0]
        receipts.append(receipt)
    return receipts


def recorded(
    request: EdgeRequest, events: Sequence[Any], receipts: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """The response: a receipt for each event, in order; to a server also a token for them all."""
    if request.source.key_kind == "browser":
        pairs = zip(events, receipts, strict=True)
        return {"receipts": [_for_browser(event, receipt) for event, receipt in pairs]}
    token: dict[str, int] = {}
    for receipt in receipts:
        for stream, version in receipt.get("token", {}).items():
            token[stream] = max(version, token.get(stream, 0))
    return {"receipts": list(receipts), "token": token}


def _vouched(request: EdgeRequest, event: Any) -> tuple[Any, Origin]:
    """An event as it is passed on, and the entry that it comes in by."""
    if request.source.key_kind == "server" or not isinstance(event, dict):
        return event, request.source.key_kind
    event = {**event, **_own_id(request, event)}
    if request.user_id is None:
        return event, "browser"
    identifiers, kind = event.get("identifiers"), event.get("type")
    is_theirs = isinstance(identifiers, dict) and identifiers.get("user_id") == request.user_id
    if not is_theirs or not isinstance(kind, str) or kind in OF_THE_SHOP:
        return event, "browser"
    proven: dict[str, Any] = {"proven": []} if kind in ACCOUNT_EVENTS else {}
    return {**event, "authenticated": True, **proven}, "server"


def _own_id(request: EdgeRequest, event: Mapping[str, Any]) -> dict[str, str]:
    """The id by which a browser's event is recorded; none in place of one that is none."""
    event_id = text_of(event.get("id"))
    is_usable = event_id is not None and len(event_id) <= MAX_ID and event_id.isprintable()
    return {"id": own_id(request.source, event_id or "")} if is_usable else {}


def _for_browser(event: Any, receipt: Mapping[str, Any]) -> dict[str, Any]:
    """A receipt without what is nobody's business there, under the id that was sent."""
    known = {name: receipt[name] for name in _FOR_BROWSERS if name in receipt}
    if isinstance(event, dict) and "event_id" in known:
        known["event_id"] = text_of(event.get("id"))
    return known
