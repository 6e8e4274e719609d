"""What profiles is asked and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from contracts.fields import (
    Choice,
    Each,
    Flag,
    Free,
    Identifiers,
    Instant,
    Mapped,
    Name,
    Part,
    Text,
    Versions,
    Whole,
)
from contracts.schema import Contract


class Who(Contract):
    """A shopper, by one of `profile_id` and `identifiers`; `reveal` asks for plain values."""

    profile_id = Text(longest=64)
    identifiers = Identifiers()
    reveal = Flag(load_default=False)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("profile_id" in data) == ("identifiers" in data):
            raise ValidationError("give either profile_id or identifiers", "profile_id")


class IgnoredIdentifier(Contract):
    """An identifier that was not used, and why."""

    type = Text(required=True)
    reason = Text(required=True)


class FieldError(Contract):
    """What is wrong with an event: the path of the field, and what to send instead."""

    field = Text(required=True)
    message = Text(required=True)


class Receipt(Contract):
    """What became of one event.

    `appended`: it is in the log, at `version` of `stream_id`. `duplicate`: its id was there before,
    and that event's place is given. `rejected`: nothing was written, `error` says why.
    `event_id` is null where the event has no readable id. `token` makes other services read it.
    """

    event_id = Text(required=True, allow_none=True)
    status = Choice("appended", "duplicate", "rejected", "accepted", required=True)
    profile_id = Text()
    stream_id = Text()
    version = Whole(least=1)
    token = Versions()
    ignored_identifiers = Each(Part(IgnoredIdentifier()), required=True)
    error = Part(FieldError())


class Recorded(Contract):
    """The answer of `profiles.record`: a receipt an event, in order, and one token for them all."""

    receipts = Each(Part(Receipt()), required=True)
    token = Versions(required=True)


class KnownIdentifier(Contract):
    """An identifier as a keyed hash; `value` only where it was asked for, null if not kept."""

    type = Name(required=True)
    key = Text(required=True)
    value = Text(allow_none=True)


class Orders(Contract):
    """A profile's orders: `revenue` in minor units by currency, net of refunds."""

    count = Whole(required=True, least=0)
    items = Whole(required=True, least=0)
    revenue = Mapped(Whole(), fewest=0, required=True)
    first_at = Instant(required=True, allow_none=True)
    last_at = Instant(required=True, allow_none=True)
    categories = Free(required=True)


class Loyalty(Contract):
    """A profile's place in the loyalty programme."""

    enrolled = Flag(required=True)
    tier = Text(required=True, allow_none=True)
    points = Whole(required=True)


class Profile(Contract):
    """The answer of `profiles.get`: everything known of a shopper, as of `versions`."""

    profile_id = Text(required=True)
    requested = Text(required=True, allow_none=True)
    identifiers = Each(Part(KnownIdentifier()), most=1_000_000, required=True)
    traits = Free(required=True)
    orders = Part(Orders(), required=True)
    loyalty = Part(Loyalty(), required=True)
    consent = Free(required=True)
    events = Whole(required=True, least=0)
    first_seen_at = Instant(required=True, allow_none=True)
    last_seen_at = Instant(required=True, allow_none=True)
    versions = Versions(required=True)


class Statistics(Contract):
    """The answer of `profiles.statistics`: how much there is."""

    events = Whole(required=True, least=0)
    profiles = Whole(required=True, least=0)
    orders = Whole(required=True, least=0)
    streams = Whole(required=True, least=0)
    waiting = Whole(required=True, least=0)


WHO = Who()
RECEIPT = Receipt()
RECORDED = Recorded()
PROFILE = Profile()
STATISTICS = Statistics()
