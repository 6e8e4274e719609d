"""Items of the tracking API: what one call of an SDK has sent, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from chassis.core.field_message import FieldMessage
from contracts.event_schema import Origin
from services.gateway.domain.sources import EventSource

ItemKind = Literal["identify", "track", "page", "screen", "group", "alias"]
KINDS: tuple[str, ...] = get_args(ItemKind)
MAX_ITEMS = 2_500
_HALF = re.compile("[\ud800-\udfff]")  # of a surrogate pair


class Unmappable(Exception):
    """An item of which no event can be made: the path of the field, and what to send instead."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(path, message)
        self.path = path
        self.message = message


@dataclass(frozen=True, slots=True)
class Sender:
    """What is known of who sends a request, beside what it says.

    `user_id` is that of a valid user token of the request. `user_agent` and `opts_out` (Global
    Privacy Control) are the browser's own, of a request with a browser's key alone.
    """

    source: EventSource
    received_at: int
    user_id: str | None = None
    user_agent: str | None = None
    country: str | None = None
    opts_out: bool = False


@dataclass(frozen=True, slots=True)
class TrackedItem:
    """An item of a request, with the context of its batch; `place` is that in the batch."""

    place: int
    kind: str
    fields: Mapping[str, Any]
    context: Mapping[str, Any]
    sent_at: Any = None

    def text(self, name: str) -> str | None:
        """A field that is text or a whole number, as text."""
        return text_of(self.fields.get(name))

    def object(self, name: str) -> Mapping[str, Any]:
        """A field that is an object; an empty one in its absence."""
        return object_of(self.fields.get(name))


@dataclass(frozen=True, slots=True)
class MappedEvent:
    """An event of ours that was made of the item at `place`."""

    place: int
    origin: Origin
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RejectedItem:
    """An item that was not recorded, and why."""

    place: int
    message_id: str | None
    payload: Any
    errors: tuple[FieldMessage, ...]


@dataclass(frozen=True, slots=True)
class MappedRequest:
    """What became of a request: events, rejected items, and how many were a crawler's."""

    events: tuple[MappedEvent, ...] = ()
    rejected: tuple[RejectedItem, ...] = ()
    crawled: int = 0


def text_of(value: Any) -> str | None:
    """Text without blanks around it, or a whole number as text; None of anything else."""
    if type(value) is str:
        return storable_text(value).strip() or None
    if type(value) is int:
        return str(value) if abs(value) < 10**40 else None
    if type(value) is float and value.is_integer() and abs(value) < 2**63:
        return str(int(value))
    return None


def is_blank(value: Any) -> bool:
    """Whether a value says nothing: null, blank text, or a number that is none."""
    if type(value) is str:
        return not value.strip()
    return value is None or (type(value) is float and value - value != 0)


def object_of(value: Any) -> Mapping[str, Any]:
    """The value if it is an object, else an empty one."""
    return value if type(value) is dict else {}


def storable_text(text: str) -> str:
    """Text without NUL and halves of surrogate pairs, which no database stores."""
    if text.isascii() and "\0" not in text:
        return text
    return _HALF.sub("\ufffd", text.replace("\0", ""))
