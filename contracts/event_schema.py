"""The contract of an event that a shop sends, whatever its type."""

from __future__ import annotations

from typing import Any, Literal, get_args

from marshmallow import ValidationError

from chassis.validation.fields import Boolean, Instant, JsonObject, ListOf, Name, Text
from chassis.validation.schema import Mending, StrictSchema
from contracts.event_types import EventType
from contracts.fields import MAX_IDENTIFIERS, OptionalIdentifiers

Origin = Literal["server", "browser"]
ORIGINS: tuple[str, ...] = get_args(Origin)
MAX_ID = 100
_AUTHENTICATED = "is missing: true if your shop knows that it is this account, else false"
_ORIGIN = "is no field of an event: give it to the call, as record(events, origin=…)"


class Proven(ListOf):
    """Types of identifiers that the event proves to be its account's."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(Name(), most=MAX_IDENTIFIERS, **kwargs)

    def mend(self, value: Any, mending: Mending, parts: tuple[str | int, ...]) -> Any:
        value = super().mend(value, mending, parts)
        if type(value) is not str or not value.strip():
            return value
        mending.warn(parts, "is text, and was read as a list of it; send a list")
        return [value.strip()]


class SendTime(Instant):
    """What the sender's clock showed; an event does without it, so a wrong one is ignored."""

    def mend(self, value: Any, mending: Mending, parts: tuple[str | int, ...]) -> Any:
        mended = super().mend(value, mending, parts)
        try:
            self.read(mended)
        except ValidationError as error:
            mending.warn(parts, f"{error.messages[0]}; it is ignored")
            return None
        return mended


class EventSchema(StrictSchema):
    """`{id, type, time, sent_at?, identifiers, authenticated, proven?, context?, data?}`."""

    hint = "; fields of your own go into data"

    id = Text(longest=MAX_ID, printable=True, required=True)
    type = EventType(required=True)
    time = Instant(required=True)
    sent_at = SendTime()
    identifiers = OptionalIdentifiers(required=True)
    authenticated = Boolean(required=True, error_messages={"required": _AUTHENTICATED})
    proven = Proven()
    context = JsonObject()
    data = JsonObject(load_default=dict)

    def _unknown(self, name: str) -> str:
        return _ORIGIN if name == "origin" else super()._unknown(name)
