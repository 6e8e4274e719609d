"""Items of the tracking API for tests, and what becomes of them."""

from __future__ import annotations

from typing import Any

from contracts.incoming import CheckedEvents
from contracts.ingest import read_events
from services.gateway.domain.sources import EventSource
from services.gateway.domain.tracking.items import MappedEvent, MappedRequest, Sender
from services.gateway.domain.tracking.mapping import map_batch

NOW = 1_795_788_000_000_000  # 2026-11-27T14:00:00Z
NOW_TEXT = "2026-11-27T14:00:00.000000Z"
TIME = "2026-11-27T13:59:59.123Z"
BROWSER = EventSource("pages", "The shop's pages", "browser", token_secrets=("secret",))
SERVER = EventSource("backend", "The shop's back end", "server")


def item(kind: str, **fields: Any) -> dict[str, Any]:
    """An item as an SDK sends it."""
    return {
        "type": kind,
        "messageId": "message-1",
        "timestamp": TIME,
        "anonymousId": "device-1",
        **fields,
    }


def track(event: str, properties: Any = None, **fields: Any) -> dict[str, Any]:
    """An item of `track`."""
    return item("track", event=event, properties=properties or {}, **fields)


def mapped(*items: Any, source: EventSource = SERVER, **sender: Any) -> MappedRequest:
    """What becomes of a batch."""
    return map_batch({"batch": list(items)}, Sender(source, NOW, **sender))


def events_of(*items: Any, source: EventSource = SERVER, **sender: Any) -> list[dict[str, Any]]:
    """The events of a batch of which every item can be mapped."""
    request = mapped(*items, source=source, **sender)
    assert not request.rejected
    return [dict(each.event) for each in request.events]


def event_of(sent: Any, source: EventSource = SERVER, **sender: Any) -> dict[str, Any]:
    """The one event of an item, which our log takes."""
    request = mapped(sent, source=source, **sender)
    assert not request.rejected
    (one,) = request.events
    checked = checked_events(one)
    assert not checked.errors, checked.errors
    return dict(one.event)


def checked_events(*events: MappedEvent) -> CheckedEvents:
    """The events as profiles reads them; all of one origin."""
    return read_events([dict(each.event) for each in events], NOW, origin=events[0].origin)


def reason_of(sent: Any, source: EventSource = SERVER, **sender: Any) -> tuple[str, str]:
    """Why an item is rejected: the path of the field, and what to send instead."""
    request = mapped(sent, source=source, **sender)
    assert not request.events
    (rejected,) = request.rejected
    first = rejected.errors[0]
    return first.field, first.message
