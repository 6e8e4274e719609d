"""What becomes of webhooks once they are kept: events, or the reason why none.

These are steps without I/O, as those of a request: the process runs them again and again. Several
may run at once, in several processes, since an event counts once.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Protocol

from chassis.core.errors import InvalidInput, ServiceError, Unavailable
from chassis.core.instants import SECOND, format_instant
from chassis.core.json import load_json
from mappings import DocumentMapping, read_document_mapping, with_store
from services.gateway.domain.exchange import ServiceCall
from services.gateway.domain.sources import EventSource
from services.gateway.domain.webhooks.retries import (
    LONGEST_OUTAGE_PAUSE,
    LONGEST_PAUSE,
    pause_before_retry,
)
from services.gateway.domain.webhooks.senders import STANDARD, STRIPE, UNDERSTAND, split_topic
from services.gateway.domain.webhooks.stripe import references_of
from services.gateway.domain.webhooks.understanding import Understanding, WebhookMessage

MAPPING = "mapping"
"""The setting of a source that has the text of its mapping file."""

_MOST_EVENTS = 200
_AT_ONCE = 25  # deliveries; each may have 2 MB
_MOST_FAILURES = 3  # in a row; after them profiles is taken to be away
POSTPONED = "postponed"
"""What becomes of a delivery that could not be recorded: it waits for its next try."""

_BROKER = "broker"
_RECORDED = frozenset({"appended", "duplicate", "accepted"})
_NO_SOURCE = "is of a source that is gone"
_NO_MAPPING = (
    "cannot be understood: the source has no mapping; give it the text of a mapping file as its"
    f" setting `{MAPPING}`"
)
_NOT_MEANT = "is left out by the mapping"
_TEST = "is of a test source, whose events count nowhere"
_UNREADABLE = "is no JSON object"
_SEALED = "is sealed under another CDP_IDENTIFIER_KEY: run all with the one it came under"
_LONGEST_REASON = 500
_LONGEST_NAME = 80

Calls = Generator["ServiceCall | list[ServiceCall]", Any, Any]


class KeptDelivery(Protocol):
    """A delivery as the store has it."""

    @property
    def delivery_id(self) -> str: ...
    @property
    def source_id(self) -> str: ...
    @property
    def attempts(self) -> int: ...
    @property
    def next_try_at(self) -> int | None: ...
    @property
    def topic(self) -> str: ...
    @property
    def received_at(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def is_readable(self) -> bool: ...


@dataclass(slots=True)
class _Settling:
    """A delivery, and what it comes to."""

    delivery: KeptDelivery
    understanding: Understanding = field(default_factory=Understanding)
    status: str = ""
    reason: str = ""


def settle_waiting(
    limit: int = _AT_ONCE,
) -> Generator[ServiceCall | list[ServiceCall], Any, Counter[str]]:
    """Settle the deliveries that have waited longest; how many, by what became of them.

    One that profiles does not answer for is postponed, and holds up no other. Unavailable, if the
    broker or the own database is away: all go on waiting.
    """
    deliveries = yield ServiceCall("gateway", "waiting_deliveries", {"limit": limit})
    sources: dict[str, EventSource | None] = {}
    settlings = []
    for delivery in deliveries:
        settling = yield from _understand(delivery, sources)
        settlings.append(settling)
    is_up = yield from _record_all(settlings)
    settled = [settling for settling in settlings if settling.status]
    for settling in settled:
        if settling.status == POSTPONED:
            yield _postponement(settling, LONGEST_PAUSE if is_up else LONGEST_OUTAGE_PAUSE)
        else:
            yield from _note(settling)
    return Counter(settling.status for settling in settled)


def understand_delivery(
    delivery: KeptDelivery, source: EventSource, orders: Mapping[str, str]
) -> Understanding:
    """What a delivery comes to; InvalidInput names what cannot be read."""
    if not delivery.is_readable:
        raise InvalidInput("body", _SEALED)
    document = _document(delivery.body)
    sender, topic = split_topic(delivery.topic)
    message = WebhookMessage(
        source=source,
        topic=topic,
        document=document,
        received_at=delivery.received_at,
        message_id=delivery.headers.get("webhook-id", ""),
        orders=orders,
    )
    if sender == STANDARD:
        return _map_message(message, delivery.headers.get("webhook-timestamp", ""))
    understand = UNDERSTAND.get(sender)
    if understand is None:
        raise InvalidInput("topic", "is of a sender that nobody knows")
    return understand(message)


def _understand(
    delivery: KeptDelivery, sources: dict[str, EventSource | None]
) -> Generator[ServiceCall | list[ServiceCall], Any, _Settling]:
    settling = _Settling(delivery)
    if not delivery.is_readable:  # a process that has its key may still read it
        settling.status, settling.reason = POSTPONED, _SEALED
        return settling
    if delivery.source_id not in sources:
        arguments = {"source_id": delivery.source_id}
        sources[delivery.source_id] = yield ServiceCall("gateway", "load_source", arguments)
    source = sources[delivery.source_id]
    if source is None:
        settling.status, settling.reason = "failed", _NO_SOURCE
        return settling
    orders = yield from _linked_orders(delivery)
    try:
        settling.understanding = understand_delivery(delivery, source, orders)
    except InvalidInput as error:
        settling.status, settling.reason = "failed", str(error)
        return settling
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # A document of a shape that nobody has thought of must not hold up the others.
        settling.status, settling.reason = "failed", f"cannot be read ({type(error).__name__})"
        return settling
    settling.status, settling.reason = _status(settling.understanding, source)
    return settling


def _status(understanding: Understanding, source: EventSource) -> tuple[str, str]:
    if understanding.is_due:
        return "due", understanding.reason
    if understanding.is_unlinked:
        return "unlinked", understanding.reason
    if not understanding.events:
        return "ignored", understanding.reason
    return ("ignored", _TEST) if source.test else ("", "")


def _linked_orders(
    delivery: KeptDelivery,
) -> Generator[ServiceCall | list[ServiceCall], Any, Mapping[str, str]]:
    sender, topic = split_topic(delivery.topic)
    try:
        document = _document(delivery.body) if sender == STRIPE else {}
    except InvalidInput:
        return {}
    references = references_of(topic, document)
    if not references:
        return {}
    arguments = {"source_id": delivery.source_id, "references": references}
    links: Mapping[str, str] = yield ServiceCall("gateway", "find_links", arguments)
    return links


def _groups(settlings: Sequence[_Settling]) -> list[list[_Settling]]:
    """Deliveries with events, so many together as a call takes; one that has failed is alone."""
    groups: list[list[_Settling]] = [[]]
    size = 0
    for settling in settlings:
        if settling.status:
            continue
        number = len(settling.understanding.events)
        is_alone = settling.delivery.next_try_at is not None
        if groups[-1] and (is_alone or size + number > _MOST_EVENTS):
            groups.append([])
            size = 0
        groups[-1].append(settling)
        size += number
    return [group for group in groups if group]


def _record_all(
    settlings: Sequence[_Settling],
) -> Generator[ServiceCall | list[ServiceCall], Any, bool]:
    """Record the events of deliveries by groups, and of a group that fails each delivery alone.

    Whether profiles has answered at all. Where it has not for some in a row, the rest waits.
    """
    groups = deque(_groups(settlings))
    failures, is_up = 0, False
    while groups and failures < _MOST_FAILURES:
        group = groups.popleft()
        try:
            yield from _record(group)
        except ServiceError as error:
            is_away = isinstance(error, Unavailable)
            if is_away and error.subject == _BROKER:
                raise
            is_up = is_up or not is_away
            if len(group) > 1:
                groups.extendleft([each] for each in reversed(group))
                continue
            group[0].status = POSTPONED if is_away else "failed"
            group[0].reason = str(error)
            failures = failures + 1 if is_away else 0
        else:
            failures, is_up = 0, True
    return is_up


def _record(group: Sequence[_Settling]) -> Calls:
    """Record the events of some deliveries in a call, and note what became of each."""
    events = [event for each in group for event in each.understanding.events]
    response = yield ServiceCall("profiles", "record", {"events": events, "origin": "server"})
    receipts = iter(response["receipts"])
    for each in group:
        own = [next(receipts) for _ in each.understanding.events]
        each.status, each.reason = _outcome(own)


def _postponement(settling: _Settling, longest: int) -> ServiceCall:
    delivery = settling.delivery
    arguments = {
        "delivery_id": delivery.delivery_id,
        "attempts": delivery.attempts,
        "reason": settling.reason[:_LONGEST_REASON],
        "pause": pause_before_retry(delivery.delivery_id, delivery.attempts + 1, longest),
    }
    return ServiceCall("gateway", "postpone_delivery", arguments)


def _outcome(receipts: Sequence[Mapping[str, Any]]) -> tuple[str, str]:
    wrong = [each for each in receipts if each["status"] not in _RECORDED]
    if not wrong:
        return "done", ""
    error = wrong[0].get("error", {})
    field_name = str(error.get("field", "")).partition(".")[2]
    reason = f"{len(wrong)} of {len(receipts)} events: {field_name} {error.get('message', '')}"
    return "failed", reason.replace("  ", " ")


def _note(settling: _Settling) -> Calls:
    delivery, links = settling.delivery, settling.understanding.links
    arguments = {
        "delivery_id": delivery.delivery_id,
        "status": settling.status,
        "reason": settling.reason[:_LONGEST_REASON] or None,
    }
    yield ServiceCall("gateway", "settle_delivery", arguments)
    if not links:
        return
    of_source = {"source_id": delivery.source_id}
    new = yield ServiceCall("gateway", "keep_links", {**of_source, "links": dict(links)})
    if new:
        yield ServiceCall("gateway", "await_again", {**of_source, "status": "unlinked"})


def _document(body: bytes) -> Mapping[str, Any]:
    try:
        document = load_json(body)
    except ValueError:
        raise InvalidInput("body", _UNREADABLE) from None
    if not isinstance(document, dict):
        raise InvalidInput("body", _UNREADABLE)
    return document


def _map_message(message: WebhookMessage, seconds: str) -> Understanding:
    text = message.source.settings.get(MAPPING)
    if not isinstance(text, str):
        raise InvalidInput(MAPPING, _NO_MAPPING)
    time = int(seconds) * SECOND if seconds.isdecimal() else message.received_at
    name = f"{message.source.source_id}-{message.message_id}"
    if len(name) > _LONGEST_NAME:  # the name begins the ids of events
        name = blake2b(name.encode(), digest_size=16).hexdigest()
    made = _mapping(text, message.source.source_id).make(
        message.document, name, format_instant(time)
    )
    return Understanding([with_store(event, message.source.store) for event in made], _NOT_MEANT)


@lru_cache(maxsize=50)
def _mapping(text: str, name: str) -> DocumentMapping:
    return read_document_mapping(text, name)
