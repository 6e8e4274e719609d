"""Reading one event of a call: checking it, setting slips right, and saying all that is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from itertools import chain, islice
from typing import Any

from marshmallow import ValidationError

from chassis.core.errors import InvalidInput
from chassis.core.field_message import FieldMessage
from chassis.core.instants import DAY, HOUR, SECOND, format_instant, parse_instant
from chassis.core.suggest import near_miss
from chassis.validation.plain import (
    MAX_EVENT_BYTES,
    faults,
    has_text_names,
    join,
    measure,
)
from chassis.validation.schema import (
    MAX_MESSAGES,
    InvalidFields,
    Mending,
    load_fields,
)
from chassis.validation.storable import make_storable
from contracts.card_check import card_errors, settle_cards
from contracts.event_schema import EventSchema
from contracts.event_types import (
    EVENT_TYPES,
    SAVED_DETAILS,
    UNCHECKED_EVENTS,
    follows_order,
    is_unlinked,
)
from contracts.fields import NO_IDENTIFIERS
from contracts.incoming import IncomingEvent, RejectedEvent
from contracts.shortening import lost, shorten, text_in, type_and_data

MAX_AHEAD = DAY
# A sender's clock is corrected where it is off by more than the way takes, and by less than what a
# file of old events is.
_LEAST_CORRECTION = 5 * SECOND
_MOST_CORRECTION = HOUR
_TYPES = frozenset(EVENT_TYPES) | UNCHECKED_EVENTS
_MENDED = frozenset({"data", "context"})
_NAMES = frozenset({"user_id", "loyalty_id"})
_SNAKE = re.compile(r"[a-z][a-z0-9_]*")
_BY_SIGN_IN = SAVED_DETAILS | {"signed_in"}
_OF_THE_SHOP = _BY_SIGN_IN | {"order_refunded"}
_SHORTEST_STEM = 8
_SIGN_IN = "is false for a browser; a sign-in is told by the shop"
_SAVED = (
    "is false for a browser: only who is signed in saves anything, by a user token, or the shop"
)
_UNLINKED = "is for what your shop tells: a browser cannot say that money went back"


_EVENT = EventSchema()


class EventReader:
    """Reads one event of a call, at `path`; `warnings` fill up on the way."""

    __slots__ = ("_arrival", "_now", "_origin", "path", "warnings")

    def __init__(
        self, now: int, origin: str, path: str, arrival: tuple[int, int] | None = None
    ) -> None:
        self.path = path
        self.warnings: list[FieldMessage] = []
        self._now = now
        self._origin = origin
        self._arrival = arrival

    def measured(self, value: Any) -> tuple[Any, int]:
        """An event and its size in bytes, without what no JSON can hold and means nothing.

        InvalidInput if it is not plain for all that.
        """
        try:
            return value, measure(value, self.path)
        except InvalidInput:
            if type(value) is not dict:
                raise
        mending = Mending()
        storable = {
            name: make_storable(part, mending, (name,)) if name in _MENDED else part
            for name, part in value.items()
        }
        if type(value.get("identifiers")) is dict:
            storable["identifiers"] = {
                name: part
                if type(part) is str
                else make_storable(part, mending, ("identifiers", name))
                for name, part in value["identifiers"].items()
            }
        size = measure(storable, self.path)
        self._warn_of(mending)
        return storable, size

    def read(self, value: Any, size: int) -> IncomingEvent:
        """The event; InvalidFields tells everything that is wrong with it."""
        if size > MAX_EVENT_BYTES:
            value = self._shortened(value, size)
        event = self._load(value)
        if event is None:
            value = self._mended(value)
            event = self._load(value)
        self._warn_of_near_misses(value)
        if event is None:
            errors = chain(self._errors(value), card_errors(value, self.path))
            raise InvalidFields(list(islice(errors, MAX_MESSAGES)))
        event, warnings = settle_cards(event, self.path)
        for warning in warnings:
            self._warn(warning.field, warning.message)
        return self._as_sent(value, event)

    def rejected(self, value: Any) -> RejectedEvent:
        """What is wrong with a value that is not plain JSON, or not an event either."""
        errors: dict[str, str] = {}
        for path, message in islice(faults(value, self.path), MAX_MESSAGES):
            errors.setdefault(path, message)
        if has_text_names(value):
            for path, message in self._errors(value):
                errors.setdefault(path, message)
        messages = [FieldMessage(path, message) for path, message in errors.items()]
        return RejectedEvent(messages[:MAX_MESSAGES], tuple(self.warnings))

    def _shortened(self, value: Any, size: int) -> Any:
        """An event that is too large keeps what the platform reads, if it can do so."""
        shorter = shorten(value)
        if shorter is None:
            message = f"is {size:,} bytes of JSON; at most {MAX_EVENT_BYTES:,} are taken"
            raise InvalidFields([FieldMessage(self.path, message)])
        reason = f"the event is {size:,} bytes of JSON, and at most {MAX_EVENT_BYTES:,} are taken"
        for path, loss in lost(value, shorter):
            self._warn(join(self.path, path.split(".", 1)), f"{loss}: {reason}")
        return shorter

    def _load(self, value: Any) -> dict[str, Any] | None:
        """The event by its schemas, with its `corrected` time; None if anything is wrong."""
        try:
            event: dict[str, Any] = _EVENT.load(value)
            schema = EVENT_TYPES.get(event["type"])
            if schema is not None:
                event["data"] = schema.load(event["data"])
        except ValidationError:
            return None
        event["corrected"] = time = self._corrected(event["time"], event.get("sent_at"))
        if not 0 < time <= self._now + MAX_AHEAD or "context" in event["data"]:
            return None
        if "placed_at" in event["data"] and any(self._placed_errors(event["type"], event["data"])):
            return None
        if event["type"] in _OF_THE_SHOP and any(self._shop_errors(value)):
            return None
        if not event["identifiers"] and any(self._nobody_errors(value)):
            return None
        return event

    def _errors(self, value: Any) -> Iterator[FieldMessage]:
        """Everything that is wrong with an event, its schemas and what they cannot say."""
        event: dict[str, Any] = {}
        try:
            event = load_fields(_EVENT, value, self.path)
        except InvalidFields as error:
            yield from error.errors
        if type(value) is not dict:
            return
        name, data = type_and_data(value)
        yield from self._shop_errors(value)
        if value.get("identifiers") == {}:
            yield from self._nobody_errors(value)
        if data or value.get("data") in (None, {}):
            yield from self._data_errors(name, data)
        if event:
            yield from self._time_errors(self._corrected(event["time"], event.get("sent_at")))

    def _nobody_errors(self, value: Mapping[str, Any]) -> Iterator[FieldMessage]:
        """What a shop tells of an order that it has told before needs no identifiers."""
        if self._origin != "server" or not follows_order(*type_and_data(value)):
            yield FieldMessage(f"{self.path}.identifiers", NO_IDENTIFIERS)

    def _sign_in_errors(self, name: str, value: Mapping[str, Any]) -> Iterator[FieldMessage]:
        where = f"{self.path}.authenticated"
        if self._origin == "browser":
            yield FieldMessage(where, _SAVED if name in SAVED_DETAILS else _SIGN_IN)
        elif value.get("authenticated") is False:
            yield FieldMessage(where, f"must be true for {name}")
        identifiers = value.get("identifiers")
        if type(identifiers) is dict and identifiers and _NAMES.isdisjoint(identifiers):
            yield FieldMessage(
                f"{self.path}.identifiers.user_id",
                f"is missing: {name} says who is signed in, by user_id or loyalty_id",
            )

    def _shop_errors(self, value: Mapping[str, Any]) -> Iterator[FieldMessage]:
        """What a shop alone can tell: who has signed in, and that money went back."""
        name, data = type_and_data(value)
        if name in _BY_SIGN_IN:
            yield from self._sign_in_errors(name, value)
        elif name == "order_refunded" and is_unlinked(data) and self._origin == "browser":
            yield FieldMessage(f"{self.path}.data.without_order", _UNLINKED)

    def _data_errors(self, event_type: str, data: Mapping[str, Any]) -> Iterator[FieldMessage]:
        at = f"{self.path}.data"
        if "context" in data:
            yield FieldMessage(f"{at}.context", "is reserved; send it as the event's context")
        schema = EVENT_TYPES.get(event_type)
        if schema is not None:
            try:
                load_fields(schema, data, at)
            except InvalidFields as error:
                yield from error.errors
        yield from self._placed_errors(event_type, data)

    def _placed_errors(self, event_type: str, data: Mapping[str, Any]) -> Iterator[FieldMessage]:
        """What is wrong with when an order was placed, if it can be read."""
        schema = EVENT_TYPES.get(event_type)
        if schema is None or "placed_at" not in schema.load_fields:
            return
        with suppress(InvalidInput):
            placed_at = parse_instant(text_in(data.get("placed_at")))
            yield from self._time_errors(placed_at, "data.placed_at")

    def _time_errors(self, time: int, field: str = "time") -> Iterator[FieldMessage]:
        where = f"{self.path}.{field}"
        if time > self._now + MAX_AHEAD:
            ours = format_instant(self._now)[:19]
            yield FieldMessage(
                where,
                f"lies more than 24 hours ahead of our clock, which says {ours}Z;"
                " check the sender's clock and zone",
            )
        elif time <= 0:
            yield FieldMessage(
                where, "lies before 1970, as a date that was never set does; correct it"
            )

    def _corrected(self, time: int, sent_at: int | None) -> int:
        """The time by our clock: `sent_at` is what the sender's clock showed at `now`.

        The formula is that of Segment's tracking API: received_at - (sent_at - time).
        """
        if sent_at is None:
            return time
        late = self._now - sent_at
        return time + late if _LEAST_CORRECTION < abs(late) <= _MOST_CORRECTION else time

    def _mended(self, value: Any) -> Any:
        """The event with its slips set right, each with a warning."""
        mending = Mending()
        mended = _EVENT.mend(value, mending)
        name, data = type_and_data(mended)
        if name in EVENT_TYPES and data:
            mended["data"] = EVENT_TYPES[name].mend(data, mending, ("data",))
        self._warn_of(mending)
        return mended

    def _as_sent(self, value: Mapping[str, Any], event: Mapping[str, Any]) -> IncomingEvent:
        authenticated, proven = event["authenticated"], event.get("proven")
        if event["identifiers"] != value["identifiers"]:
            self._warn_of_numbers(value["identifiers"])
        if not _is_plain_time(value["time"]):
            self._warn_of_time("time", value)
        if self._origin == "browser":
            self._warn_of_claims(event)
            authenticated, proven = False, None
        for place, name in enumerate(proven or ()):
            if name not in event["identifiers"]:
                self._warn(f"{self.path}.proven[{place}]", "is not among the identifiers")
        return IncomingEvent(
            id=event["id"],
            type=event["type"],
            time=event["corrected"],
            original_time=None if event["corrected"] == event["time"] else value["time"],
            identifiers=event["identifiers"],
            authenticated=authenticated,
            context=event.get("context"),
            data=event["data"],
            origin=self._origin,
            proven=None if proven is None else tuple(proven),
            sent_at=event.get("sent_at"),
            arrival=self._arrival,
            warnings=tuple(self.warnings),
        )

    def _warn_of_numbers(self, identifiers: Mapping[str, Any]) -> None:
        for name, value in identifiers.items():
            if type(value) in {int, float}:
                path = join(self.path, ("identifiers", name))
                self._warn(path, "is a number, and was read as text; put it in quotes")

    def _warn_of_time(self, name: str, value: Mapping[str, Any]) -> None:
        mending = Mending()
        _EVENT.load_fields[name].mend(value[name], mending, (name,))  # type: ignore[attr-defined]
        self._warn_of(mending)

    def _warn_of_claims(self, event: Mapping[str, Any]) -> None:
        if event["authenticated"]:
            self._warn(f"{self.path}.authenticated", "is false for whatever a browser tells")
        if event.get("proven"):
            self._warn(f"{self.path}.proven", "is left out: what a browser tells proves nothing")

    def _warn_of_near_misses(self, value: Any) -> None:
        name, data = type_and_data(value)
        schema = EVENT_TYPES.get(name)
        if schema is None:
            if name in UNCHECKED_EVENTS:
                return
            if _SNAKE.fullmatch(name) and (close := near_miss(name, _TYPES) or _whole_word(name)):
                self._warn(f"{self.path}.type", f'is a type of your own; did you mean "{close}"?')
            return
        for parts, close in schema.near_misses(data, ("data",)):
            self._warn(join(self.path, parts), f'is not a known field; did you mean "{close}"?')

    def _warn_of(self, mending: Mending) -> None:
        for parts, message in mending.warnings:
            self._warn(join(self.path, parts), message)

    def _warn(self, path: str, message: str) -> None:
        if len(self.warnings) < MAX_MESSAGES:
            self.warnings.append(FieldMessage(path, message))


@lru_cache(maxsize=1_000)
def _whole_word(name: str) -> str | None:
    """The known type of which the last word was cut short: `order_refund` is `order_refunded`."""
    if "_" not in name or len(name) < _SHORTEST_STEM:
        return None
    return next((known for known in sorted(_TYPES) if known.startswith(name)), None)


def _is_plain_time(text: str) -> bool:
    """Whether an instant has its T and its seconds: what RFC 3339 leaves no choice about."""
    return text[10:11] == "T" and text[16:17] == ":"
