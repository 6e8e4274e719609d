"""Requests and responses of profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.validation.fields import (
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    ListOf,
    MapOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.common import IgnoredIdentifierSchema
from contracts.fields import Identifiers, Versions

MAX_ADDRESSES = 100


class GetProfileRequest(StrictSchema):
    """A shopper, by one of `profile_id` and `identifiers`; `reveal` asks for plain values."""

    profile_id = Text(longest=64)
    identifiers = Identifiers()
    reveal = Boolean(load_default=False)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("profile_id" in data) == ("identifiers" in data):
            raise ValidationError("give either profile_id or identifiers", "profile_id")


class FieldErrorSchema(StrictSchema):
    """What is wrong with an event: the path of the field, and what to send instead."""

    field = Text(required=True)
    message = Text(required=True)


class ReceiptSchema(StrictSchema):
    """What became of one event.

    `appended`: it is in the log, at `version` of `stream_id`. `duplicate`: its id was there before,
    and that event's place is given. `rejected`: nothing was written, `error` says why.
    `conflict`: nothing was written, as its id was sent before with other content, of which nothing
    is told. `errors` has all that is wrong, `error` the first of it. `warnings` say what was read
    in another way than it was sent, what was left out, and which name is almost a known one.
    `event_id` is null where the event has no readable id. `token` makes other services read it.
    """

    event_id = Text(required=True, allow_none=True)
    status = Choice("appended", "duplicate", "rejected", "accepted", "conflict", required=True)
    profile_id = Text()
    stream_id = Text()
    version = Integer(least=1)
    token = Versions()
    ignored_identifiers = ListOf(Nested(IgnoredIdentifierSchema()), required=True)
    error = Nested(FieldErrorSchema())
    errors = ListOf(Nested(FieldErrorSchema()))
    warnings = ListOf(Nested(FieldErrorSchema()), required=True)


class RecordResponse(StrictSchema):
    """The answer of `profiles.record`: a receipt an event, in order, and one token for them all."""

    receipts = ListOf(Nested(ReceiptSchema()), required=True)
    token = Versions(required=True)


class KnownIdentifierSchema(StrictSchema):
    """An identifier as a keyed hash; `value` only where it was asked for, null if not kept."""

    type = Name(required=True)
    key = Text(required=True)
    value = Text(allow_none=True)


class KnownAddressSchema(KnownIdentifierSchema):
    """An address that was told in a profile; `proven` by the profile's account."""

    proven = Boolean(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)


class OrdersSchema(StrictSchema):
    """A profile's orders: `revenue` in minor units by currency, net of refunds."""

    count = Integer(required=True, least=0)
    items = Integer(required=True, least=0)
    revenue = MapOf(Integer(), fewest=0, required=True)
    first_at = Instant(required=True, allow_none=True)
    last_at = Instant(required=True, allow_none=True)
    categories = JsonObject(required=True)


class LoyaltySchema(StrictSchema):
    """A profile's place in the loyalty programme."""

    enrolled = Boolean(required=True)
    tier = Text(required=True, allow_none=True)
    points = Integer(required=True)


class ProfileResponse(StrictSchema):
    """The answer of `profiles.get`: everything known of a shopper, as of `versions`.

    With `reveal` there are `addresses`: those that were told last, the newest first.
    """

    profile_id = Text(required=True)
    requested = Text(required=True, allow_none=True)
    identifiers = ListOf(Nested(KnownIdentifierSchema()), most=1_000_000, required=True)
    addresses = ListOf(Nested(KnownAddressSchema()), most=MAX_ADDRESSES)
    traits = JsonObject(required=True)
    orders = Nested(OrdersSchema(), required=True)
    loyalty = Nested(LoyaltySchema(), required=True)
    consent = JsonObject(required=True)
    events = Integer(required=True, least=0)
    first_seen_at = Instant(required=True, allow_none=True)
    last_seen_at = Instant(required=True, allow_none=True)
    versions = Versions(required=True)


class OrderReviewRequest(StrictSchema):
    """The arguments of `profiles.review`: `done` takes one off the list first, by its id."""

    limit = Integer(least=1, most=1_000, load_default=100)
    done = Text(longest=64)


class OrderReviewSchema(StrictSchema):
    """An order that a person should look at, by `kind`.

    `order_id_reused`: its id stands for two orders. `profile_id` has the one that was told first,
    `other_profile_id` the one that contradicts it: another account, or another address and another
    total. `refund_not_counted`: a refund that was told before the order is in another currency, and
    `other_profile_id` is null. Null: nobody's.
    """

    id = Text(required=True)
    kind = Choice("order_id_reused", "refund_not_counted", required=True)
    store = Text(required=True, allow_none=True)
    order_id = Text(required=True)
    profile_id = Text(required=True, allow_none=True)
    other_profile_id = Text(required=True, allow_none=True)
    event_id = Text(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)


class StatisticsResponse(StrictSchema):
    """The answer of `profiles.statistics`: how much there is."""

    events = Integer(required=True, least=0)
    profiles = Integer(required=True, least=0)
    orders = Integer(required=True, least=0)
    streams = Integer(required=True, least=0)
    waiting = Integer(required=True, least=0)


class UnrecordableRequest(StrictSchema):
    """The arguments of `profiles.unrecordable`."""

    limit = Integer(least=1, most=1_000, load_default=100)


class UnrecordableEventSchema(StrictSchema):
    """An event that was accepted while identity did not answer, and could not be recorded."""

    event_id = Text(required=True)
    received_at = Instant(required=True)
    reason = Text(required=True)


class ConflictsRequest(StrictSchema):
    """The arguments of `profiles.conflicts`."""

    limit = Integer(least=1, most=1_000, load_default=100)


class EventConflictSchema(StrictSchema):
    """An event that was not recorded, as its id had been sent before with other content.

    `differing` names the fields that differ, `times` is how often this has happened.
    """

    event_id = Text(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)
    times = Integer(least=1, required=True)
    differing = ListOf(Text(), required=True)


class RetryUnrecordableRequest(StrictSchema):
    """The events to try again, by id; all without it."""

    event_ids = ListOf(Text(), most=1_000, load_default=list)


class RetryUnrecordableResponse(StrictSchema):
    """How many events wait again."""

    events = Integer(required=True, least=0)


class SetAsideRequest(StrictSchema):
    """The events to take out of the queue, by id."""

    event_ids = ListOf(Text(), most=1_000, required=True)


class SetAsideResponse(StrictSchema):
    """How many events there were."""

    events = Integer(required=True, least=0)


KNOWN_ADDRESS = KnownAddressSchema()
ORDER_REVIEW_REQUEST = OrderReviewRequest()
ORDER_REVIEW = OrderReviewSchema()
GET_PROFILE_REQUEST = GetProfileRequest()
CONFLICTS_REQUEST = ConflictsRequest()
EVENT_CONFLICT = EventConflictSchema()
UNRECORDABLE_REQUEST = UnrecordableRequest()
UNRECORDABLE_EVENT = UnrecordableEventSchema()
RETRY_UNRECORDABLE_REQUEST = RetryUnrecordableRequest()
SET_ASIDE_REQUEST = SetAsideRequest()
RECEIPT = ReceiptSchema()
RECORD_RESPONSE = RecordResponse()
PROFILE_RESPONSE = ProfileResponse()
STATISTICS_RESPONSE = StatisticsResponse()
