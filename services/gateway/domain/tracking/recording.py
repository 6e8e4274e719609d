"""Recording the events of a request: calls of `profiles.record`, and what their receipts say."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from chassis.core.errors import Failure, InvalidInput
from chassis.core.field_message import FieldMessage
from chassis.core.json import dump_json
from contracts.ingest import read_events
from services.gateway.domain.exchange import ServiceCall
from services.gateway.domain.tracking.items import MappedEvent

Made = TypeVar("Made")
CallSteps = Generator[ServiceCall | list[ServiceCall], Any, Made]

MAX_CALL_EVENTS = 500
MAX_CALL_BYTES = 3 * 1024 * 1024
_MAX_FAILURES = 12  # of the calls that look for the event which makes them fail
_REFUSED = frozenset({"rejected", "conflict"})
_CONFLICT = FieldMessage("messageId", "was sent before with other content")
_FAILED = FieldMessage("", "could not be recorded, while others of its batch were")


@dataclass(slots=True)
class RecordedEvents:
    """What became of events: how many were taken, and why others were not, by place of item.

    `suspects` are events whose call has failed for them alone.
    """

    taken: int = 0
    errors: dict[int, tuple[FieldMessage, ...]] = field(default_factory=dict)
    suspects: list[MappedEvent] = field(default_factory=list)
    failures: int = 0

    def refuse(self, event: MappedEvent, errors: tuple[FieldMessage, ...]) -> None:
        """Note that an event was refused; the first reason of an item stands."""
        self.errors.setdefault(event.place, errors)

    def refuse_suspects(self) -> None:
        """Refuse the suspects if others were taken; where nothing is, no event is to blame."""
        if self.suspects and not self.taken:
            raise Failure("events", "could not be recorded")
        for suspect in self.suspects:
            self.refuse(suspect, (_FAILED,))


def record_all(events: Sequence[MappedEvent]) -> CallSteps[RecordedEvents]:
    """Record events in their order; an error is raised only where a repeat can mend it.

    If a call fails, the events that make it fail are looked for, and refused where others are
    recorded: else their sender would repeat them, and all that came with them, in vain.
    """
    recorded = RecordedEvents()
    for call in calls_of(events):
        yield from _record(call, recorded)
    recorded.refuse_suspects()
    return recorded


def check_all(events: Sequence[MappedEvent], now: int) -> RecordedEvents:
    """What would become of events, of a source whose events count nowhere."""
    checked = RecordedEvents()
    for mapped in events:
        read = read_events([dict(mapped.event)], now, origin=mapped.origin)
        if read.errors:
            checked.refuse(mapped, tuple(map(_of_item, read.errors[0].errors)))
        else:
            checked.taken += 1
    return checked


def calls_of(events: Sequence[MappedEvent]) -> Iterator[Sequence[MappedEvent]]:
    """The events of each call: of one origin, and no more than a call takes."""
    call: list[MappedEvent] = []
    size = 0
    for mapped in events:
        bytes_more = len(dump_json(mapped.event))
        full = len(call) == MAX_CALL_EVENTS or size + bytes_more > MAX_CALL_BYTES
        if call and (full or call[0].origin != mapped.origin):
            yield call
            call, size = [], 0
        call.append(mapped)
        size += bytes_more
    if call:
        yield call


def _record(events: Sequence[MappedEvent], recorded: RecordedEvents) -> CallSteps[None]:
    """Record events together; if they are refused as a whole, by halves, down to the one event."""
    arguments = {"events": [each.event for each in events], "origin": events[0].origin}
    try:
        response = yield ServiceCall("profiles", "record", arguments)
    except InvalidInput as error:
        if len(events) == 1:
            recorded.refuse(events[0], (_of_item(FieldMessage(error.subject, error.message)),))
            return
    except Failure:
        recorded.failures += 1
        if recorded.failures > _MAX_FAILURES:
            raise
        if len(events) == 1:
            recorded.suspects.append(events[0])
            return
    else:
        for mapped, receipt in zip(events, response["receipts"], strict=True):
            if receipt["status"] in _REFUSED:
                recorded.refuse(mapped, _reasons(receipt))
            else:
                recorded.taken += 1
        return
    middle = len(events) // 2
    yield from _record(events[:middle], recorded)
    yield from _record(events[middle:], recorded)


def _reasons(receipt: Mapping[str, Any]) -> tuple[FieldMessage, ...]:
    if receipt["status"] == "conflict":
        return (_CONFLICT,)
    reasons = [FieldMessage(error["field"], error["message"]) for error in receipt["errors"]]
    ignored = [
        FieldMessage(f"identifiers.{each['type']}", each["reason"])
        for each in receipt.get("ignored_identifiers", ())
    ]
    return (*map(_of_item, reasons), *ignored)


def _of_item(message: FieldMessage) -> FieldMessage:
    """A message about an event of a call, as one about the event."""
    path = message.field
    if path.startswith("events["):
        path = path.partition("]")[2].lstrip(".")
    return FieldMessage(path, message.message)
