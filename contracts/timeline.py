"""Requests and responses of profiles for people: one shopper's timeline, and finding a shopper."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.validation.fields import (
    Amount,
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    ListOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Identifiers
from contracts.profiles import KnownIdentifierSchema

MAX_ENTRIES = 200
MAX_ORDERS = 200
MAX_MOVES = 20
ORDER_STATUSES = ("standing", "partly_refunded", "refunded", "cancelled")
FOUND_AS = ("identifier", "profile", "stream", "event", "key")


class TimelineRequest(StrictSchema):
    """A shopper, by one of `profile_id` and `identifiers`, and a page of what happened to them.

    `before` is `next` of the page before; `types` are the only event types wanted. `reveal` asks
    for plain values: of identifiers, and of what shoppers and shops have written.
    """

    profile_id = Text(longest=64)
    identifiers = Identifiers()
    before = Text(longest=200)
    limit = Integer(least=1, most=MAX_ENTRIES, load_default=50)
    types = ListOf(Name(), fewest=1, most=50)
    reveal = Boolean(load_default=False)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("profile_id" in data) == ("identifiers" in data):
            raise ValidationError("give either profile_id or identifiers", "profile_id")


class StreamIdentifierSchema(KnownIdentifierSchema):
    """The identifier whose stream an event is in, and which of its tenures that is."""

    tenure = Integer(least=1, required=True)
    assurance = Name(required=True)


class MoveSchema(StrictSchema):
    """A stream that identity moved to a profile, and the types of its identifiers."""

    stream_id = Text(required=True)
    profile_id = Text(required=True)
    identifiers = ListOf(Text(), required=True)


class IdentityEntrySchema(StrictSchema):
    """What identity made of an event: in `words`, and the first streams of all that moved.

    `event_id` is the event that showed it, of the type `event_type`; `note` is a desk's reason.
    """

    reason = Name(required=True)
    words = Text(required=True)
    note = Text(required=True, allow_none=True)
    event_id = Text(required=True, allow_none=True)
    event_type = Text(required=True, allow_none=True)
    moved = Integer(least=0, required=True)
    moves = ListOf(Nested(MoveSchema()), most=MAX_MOVES, required=True)


class TimelineEntrySchema(StrictSchema):
    """One event: what happened, when, and where it came from.

    `at` is its time, `told_at` that which its sender gave if it was corrected, `recorded_at` that
    of the record. `identifier` is that of its stream, null where facts name none; `address` is the
    key of the address that the event told. `recorded_under` is whose it was then. `data` has what
    the platform reads of it; `left_out` names fields that are not shown: they are too large, or
    only shown with `reveal`. `identity` is null for what is no fact of identity.
    """

    event_id = Text(required=True)
    type = Name(required=True)
    at = Instant(required=True)
    told_at = Text(required=True, allow_none=True)
    recorded_at = Instant(required=True)
    stream_id = Text(required=True)
    version = Integer(least=1, required=True)
    identifier = Nested(StreamIdentifierSchema(), required=True, allow_none=True)
    address = Nested(KnownIdentifierSchema(), required=True, allow_none=True)
    assurance = Text(required=True, allow_none=True)
    authenticated = Boolean(required=True, allow_none=True)
    origin = Text(required=True, allow_none=True)
    recorded_under = Text(required=True, allow_none=True)
    data = JsonObject(required=True)
    left_out = ListOf(Text(), required=True)
    identity = Nested(IdentityEntrySchema(), required=True, allow_none=True)


class TimelineOrderSchema(StrictSchema):
    """An order as it stands: `net` is `revenue` without refunds, in minor units of `currency`.

    `uncounted` names the currencies of refunds that do not count, as the order is in another one.
    """

    order_id = Text(required=True)
    store = Text()
    status = Choice(*ORDER_STATUSES, required=True)
    at = Instant(required=True)
    revenue = Amount(required=True, allow_none=True)
    net = Amount(required=True)
    currency = Text(required=True, allow_none=True)
    uncounted = ListOf(Text())


class TimelineResponse(StrictSchema):
    """The answer of `profiles.timeline`: a page of what happened to one shopper, the newest first.

    `next` is where the next page begins, null after the last. The first page has the newest of
    the `order_count` orders; `orders` is null in the others.
    """

    profile_id = Text(required=True)
    requested = Text(required=True, allow_none=True)
    entries = ListOf(Nested(TimelineEntrySchema()), most=MAX_ENTRIES, required=True)
    next = Text(required=True, allow_none=True)
    orders = ListOf(Nested(TimelineOrderSchema()), most=MAX_ORDERS, required=True, allow_none=True)
    order_count = Integer(least=0, required=True, allow_none=True)


class FindRequest(StrictSchema):
    """What to look for: `who`, an id or a key as it is printed; or `identifiers`."""

    who = Text(longest=200)
    identifiers = Identifiers()

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("who" in data) == ("identifiers" in data):
            raise ValidationError("give either who or identifiers", "who")


class FindResponse(StrictSchema):
    """The answer of `profiles.find`: whose it is, or why that is nobody and what to `try`.

    `found_as`: by its identifiers, or `who` is a profile id, the id of a stream or of an event, or
    the key of an identifier, which may be abbreviated.
    """

    profile_id = Text(required=True, allow_none=True)
    found_as = Choice(*FOUND_AS, required=True, allow_none=True)
    stream_id = Text(required=True, allow_none=True)
    reasons = ListOf(Text(), required=True)
    try_ = ListOf(Text(), required=True, data_key="try")


TIMELINE_REQUEST = TimelineRequest()
TIMELINE_RESPONSE = TimelineResponse()
FIND_REQUEST = FindRequest()
FIND_RESPONSE = FindResponse()
