"""What a request of the tracking API becomes: events of ours, or a reason for each item."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chassis.core.field_message import FieldMessage
from chassis.core.instants import format_instant
from contracts.event_schema import MAX_ID
from contracts.event_types import ORDER_FOLLOW_UPS
from services.gateway.domain.crawlers import is_crawler
from services.gateway.domain.event_ids import own_id
from services.gateway.domain.tracking.authority import Authority, addresses_in
from services.gateway.domain.tracking.consent import SALE, purposes_in
from services.gateway.domain.tracking.context import map_context, user_agent_of
from services.gateway.domain.tracking.item_events import EventPart, parts_of, tells_of_shop
from services.gateway.domain.tracking.items import (
    KINDS,
    MappedEvent,
    MappedRequest,
    RejectedItem,
    Sender,
    TrackedItem,
    Unmappable,
    is_blank,
    object_of,
    text_of,
)
from services.gateway.domain.tracking.names import storable

_STORED = ORDER_FOLLOW_UPS | {"order_completed", "loyalty_points_changed"}
_CONSENT_KINDS = frozenset({"identify", "page", "screen"})
_NO_TYPE = f"must be one of {', '.join(KINDS)}"
_TOO_DEEP = {"left_out": "nested too deeply"}
_NOBODY = "is missing: give userId or anonymousId"
_CLIENT_TIMES = ("timestamp", "originalTimestamp")
_SENDING = frozenset({"sentAt", "receivedAt", "writeKey"})  # what differs when it is sent again


class _Moment(NamedTuple):
    time: Any
    sent_at: Any


def map_batch(document: Any, sender: Sender) -> MappedRequest:
    """What becomes of the items in a batch, each for itself."""
    batch = object_of(document)
    items = batch.get("batch")
    if type(items) is not list:
        raise Unmappable("batch", "must be a list of items")
    return _map_all([(item, None) for item in items], batch, sender)


def map_single(document: Any, kind: str, sender: Sender) -> MappedRequest:
    """What becomes of an item that came alone, by an entry of its kind."""
    if type(document) is not dict:
        raise Unmappable("", "must be an object")
    return _map_all([(document, kind)], {}, sender)


def _map_all(
    sent: list[tuple[Any, str | None]], batch: Mapping[str, Any], sender: Sender
) -> MappedRequest:
    events: list[MappedEvent] = []
    rejected: list[RejectedItem] = []
    crawled = 0
    for place, (fields, kind) in enumerate(sent):
        try:
            item = _read_item(fields, kind, place, batch)
            if _is_crawled(item, sender):
                crawled += 1
                continue
            events += _events_of(item, sender)
        except Unmappable as error:
            errors = (FieldMessage(error.path, error.message),)
            rejected.append(rejected_item(place, fields, errors))
    return MappedRequest(tuple(events), tuple(rejected), crawled)


def _is_crawled(item: TrackedItem, sender: Sender) -> bool:
    """Whether an item is a crawler's; what a shop's back end tells of an order is none, ever."""
    if sender.source.key_kind == "server" and tells_of_shop(item):
        return False
    return is_crawler(user_agent_of(item.context, sender.user_agent))


def rejected_item(place: int, fields: Any, errors: tuple[FieldMessage, ...]) -> RejectedItem:
    """An item that was not recorded, with what is known of it."""
    try:
        payload = storable(fields, "")
    except Unmappable:
        payload = _TOO_DEEP
    return RejectedItem(place, text_of(object_of(fields).get("messageId")), payload, errors)


def _read_item(fields: Any, kind: str | None, place: int, batch: Mapping[str, Any]) -> TrackedItem:
    if type(fields) is not dict:
        raise Unmappable("", "must be an object")
    named = (kind or text_of(fields.get("type")) or "").lower()
    if named not in KINDS:
        raise Unmappable("type", _NO_TYPE)
    context = {**object_of(batch.get("context")), **object_of(fields.get("context"))}
    sent_at = fields.get("sentAt") or batch.get("sentAt")
    return TrackedItem(place, named, fields, context, sent_at)


def _events_of(item: TrackedItem, sender: Sender) -> list[MappedEvent]:
    authority = Authority.of(item, sender)
    if authority.user_id is None and authority.anonymous_id is None:
        raise Unmappable("userId", _NOBODY)
    moment = _moment_of(item, sender)
    context = map_context(item.context, sender.user_agent, sender.country)
    addresses = addresses_in(
        item.object("traits"), item.object("properties"), object_of(item.context.get("traits"))
    )
    parts = [*parts_of(item, authority), *_consent_parts(item, sender)]
    return [
        _event(item, part, authority, addresses if part.addressed else {}, context, moment)
        for part in parts
    ]


def _event(
    item: TrackedItem,
    part: EventPart,
    authority: Authority,
    addresses: Mapping[str, str],
    context: Mapping[str, Any],
    moment: _Moment,
) -> MappedEvent:
    sender = authority.sender
    data = dict(part.data)
    if sender.source.store is not None and part.type in _STORED:
        data["store"] = sender.source.store
    event: dict[str, Any] = {
        "id": event_id(item, part.suffix, sender),
        "type": part.type,
        "time": moment.time,
        **authority.event(part.type, addresses),
    }
    if moment.sent_at is not None:
        event["sent_at"] = moment.sent_at
    if context:
        event["context"] = dict(context)
    return MappedEvent(item.place, authority.origin(part.type), event | {"data": data})


def _consent_parts(item: TrackedItem, sender: Sender) -> Iterator[EventPart]:
    """What a banner refuses, as it says with every page; see `consent`."""
    if item.kind not in _CONSENT_KINDS:
        return
    purposes = purposes_in(item.context, sender.source.settings)
    refused = {purpose: False for purpose, granted in purposes.items() if not granted}
    if sender.opts_out:
        refused[SALE] = False
    if refused:
        data = {"purposes": refused}
        yield EventPart("consent_changed", data, suffix=".consent", addressed=False)


def _moment_of(item: TrackedItem, sender: Sender) -> _Moment:
    """When it happened by the sender's clock, and when that was sent; else when it came."""
    sent_at = item.sent_at if type(item.sent_at) in {str, int, float} else None
    for name in _CLIENT_TIMES:
        if not is_blank(item.fields.get(name)):
            return _Moment(storable(item.fields[name], name), storable(sent_at, "sentAt"))
    return _Moment(format_instant(sender.received_at), None)


def event_id(item: TrackedItem, suffix: str, sender: Sender) -> str:
    """The id of an event: the item's `messageId`, and what tells several of one item apart.

    An id that ours cannot be is replaced by its hash. Without any, an item that has its time is
    known by its content, so that it is recorded once if it is sent again; one without is not.
    """
    message_id = item.text("messageId")
    if message_id is not None:
        if len(message_id + suffix) > MAX_ID or not message_id.isprintable():
            message_id = f"hash-{_digest([message_id])}"
        return own_id(sender.source, message_id + suffix)
    fields = {name: part for name, part in item.fields.items() if name not in _SENDING}
    content: list[Any] = [sender.source.source_id, item.kind, storable(fields, "")]
    if all(is_blank(item.fields.get(name)) for name in _CLIENT_TIMES):
        content += [sender.received_at, item.place]
    return f"hash-{_digest(content)}{suffix}"


def _digest(content: list[Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]
