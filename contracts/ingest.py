"""Reading the events that a shop sends.

An event that is right is read at once. One that is not is looked at a second time: slips that can
mean one thing only are set right, each with a warning, and whatever is wrong is told at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from chassis.core.errors import InvalidInput
from chassis.validation.plain import MAX_CALL_BYTES, MAX_CALL_EVENTS, kind
from chassis.validation.schema import InvalidFields, Mending, did_you_mean, load_fields
from contracts.event_reader import EventReader
from contracts.event_schema import ORIGINS, Origin
from contracts.event_types import EVENT_TYPES
from contracts.incoming import CheckedEvents, IncomingEvent, RejectedEvent
from contracts.shortening import text_in


def read_origin(value: object) -> Origin:
    """The entry that events came in by, the server's for null; InvalidInput names all of them."""
    if value is None:
        return "server"
    if value in ORIGINS:
        return cast("Origin", value)
    hint = did_you_mean(text_in(value), ORIGINS)
    raise InvalidInput("origin", f"must be one of {', '.join(ORIGINS)}{hint}")


def read_events(
    value: object,
    now: int,
    path: str = "events",
    *,
    origin: str = "server",
    received: int | None = None,
) -> CheckedEvents:
    """The events of a call, each checked on its own; `received` is by the machine's clock (µs).

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
    errors: dict[int, RejectedEvent] = {}
    total = 0
    for index, sent in enumerate(value):
        arrival = None if received is None else (received, index)
        reader = EventReader(now, origin, f"{path}[{index}]", arrival)
        try:
            storable, size = reader.measured(sent)
            total += size
            valid[index] = reader.read(storable, size)
        except InvalidInput:
            errors[index] = reader.rejected(sent)
        except InvalidFields as error:
            errors[index] = RejectedEvent(error.errors, tuple(reader.warnings))
    if total > MAX_CALL_BYTES:
        raise InvalidInput(
            path, f"is {total:,} bytes of JSON; send at most {MAX_CALL_BYTES:,} in a call"
        )
    return CheckedEvents(valid, errors)


def read_event(
    value: object,
    now: int,
    path: str = "event",
    *,
    origin: str = "server",
    arrival: tuple[int, int] | None = None,
) -> IncomingEvent:
    """One checked event; InvalidInput names the wrong fields by their paths."""
    reader = EventReader(now, origin, path, arrival)
    try:
        return reader.read(*reader.measured(value))
    except InvalidFields as error:
        raise error.as_input() from None


def read_data(event_type: str, data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of an event as it would be read today; as it is, if it would be rejected."""
    schema = EVENT_TYPES.get(event_type)
    if schema is None:
        return data
    try:
        return load_fields(schema, schema.mend(dict(data), Mending()))
    except InvalidFields:
        return data
