"""The event that a shop sends: its contract, and its form once it has been checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import DAY
from chassis.validation.fields import Boolean, Instant, JsonObject, Text
from chassis.validation.plain import MAX_CALL_BYTES, MAX_CALL_EVENTS, MAX_EVENT_BYTES, kind, measure
from chassis.validation.schema import StrictSchema, load_checked
from contracts.event_types import EVENT_TYPES, EventType
from contracts.fields import Identifiers

MAX_ID = 100
MAX_AHEAD = DAY


class EventSchema(StrictSchema):
    """`{id, type, time, sent_at?, identifiers, authenticated, context?, data?}`."""

    hint = "; fields of your own go into data"

    id = Text(longest=MAX_ID, printable=True, required=True)
    type = EventType(required=True)
    time = Instant(required=True)
    sent_at = Instant()
    identifiers = Identifiers(required=True)
    authenticated = Boolean(required=True)
    context = JsonObject()
    data = JsonObject(load_default=dict)


@dataclass(frozen=True, slots=True)
class IncomingEvent:
    """A checked event; `time` is in microseconds, and corrected where the sender gave `sent_at`.

    `original_time` is the time as it was sent, where the correction has changed it.
    """

    id: str
    type: str
    time: int
    original_time: str | None
    identifiers: Mapping[str, str]
    authenticated: bool
    context: Mapping[str, Any] | None
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class CheckedEvents:
    """The events of a call by their places in it: the valid ones, and the errors of the others."""

    valid: Mapping[int, IncomingEvent]
    errors: Mapping[int, InvalidInput]


_EVENT = EventSchema()


def read_events(value: object, now: int, path: str = "events") -> CheckedEvents:
    """The events of a call, each checked on its own.

    InvalidInput is raised only where the call as a whole is wrong: no list, more than 1,000 events,
    more than 4 MB.
    """
    if type(value) is not list:
        raise InvalidInput(path, f"must be a list of events, not {kind(value)}")
    if len(value) > MAX_CALL_EVENTS:
        raise InvalidInput(
            path, f"has {len(value):,} events; send at most {MAX_CALL_EVENTS:,} in a call"
        )
    valid: dict[int, IncomingEvent] = {}
    errors: dict[int, InvalidInput] = {}
    total = 0
    for index, event in enumerate(value):
        at = f"{path}[{index}]"
        try:
            size = measure(event, at)
            total += size
            valid[index] = _read(event, size, now, at)
        except InvalidInput as error:
            errors[index] = error
    if total > MAX_CALL_BYTES:
        raise InvalidInput(
            path, f"is {total:,} bytes of JSON; send at most {MAX_CALL_BYTES:,} in a call"
        )
    return CheckedEvents(valid, errors)


def read_event(value: object, now: int, path: str = "event") -> IncomingEvent:
    """One checked event; InvalidInput names the first wrong field by its path."""
    return _read(value, measure(value, path), now, path)


def _read(value: Any, size: int, now: int, path: str) -> IncomingEvent:
    if size > MAX_EVENT_BYTES:
        raise InvalidInput(
            path, f"is {size:,} bytes of JSON; at most {MAX_EVENT_BYTES:,} are taken"
        )
    event = load_checked(_EVENT, value, path)
    if event["type"] == "signed_in":
        _check_sign_in(event, path)
    data = event["data"]
    if "context" in data:
        raise InvalidInput(f"{path}.data.context", "is reserved; send it as the event's context")
    contract = EVENT_TYPES.get(event["type"])
    if contract is not None:
        data = load_checked(contract, data, f"{path}.data")
    time = _corrected(event["time"], event.get("sent_at"), now, f"{path}.time")
    return IncomingEvent(
        id=event["id"],
        type=event["type"],
        time=time,
        original_time=None if time == event["time"] else value["time"],
        identifiers=event["identifiers"],
        authenticated=event["authenticated"],
        context=event.get("context"),
        data=data,
    )


def _check_sign_in(event: Mapping[str, Any], path: str) -> None:
    if not event["authenticated"]:
        raise InvalidInput(f"{path}.authenticated", "must be true for signed_in")
    if "user_id" not in event["identifiers"]:
        raise InvalidInput(
            f"{path}.identifiers.user_id", "is missing: signed_in says who signed in"
        )


def _corrected(time: int, sent_at: int | None, now: int, path: str) -> int:
    """The time by our clock: `sent_at` is what the sender's clock showed at `now`.

    The formula is that of Segment's tracking API: received_at - (sent_at - time).
    """
    if sent_at is not None:
        time = now - (sent_at - time)
    if time > now + MAX_AHEAD:
        raise InvalidInput(path, "lies more than 24 hours ahead; check the sender's clock and zone")
    if time <= 0:
        raise InvalidInput(path, "lies before 1970, as a date that was never set does; correct it")
    return time
