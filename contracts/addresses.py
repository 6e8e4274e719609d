"""Request and response of `profiles.address`: what the back office may know of an address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.validation.fields import Boolean, Choice, Instant, Integer, ListOf, Name, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.event_schema import ORIGINS

MAX_STREAMS = 100
MAX_STATEMENTS = 200
USE_KINDS = ("account", "address", "device")


class AddressRequest(StrictSchema):
    """An address: one of `email`, `phone` and `key`, which may be abbreviated as it is printed."""

    email = Text(longest=1_000)
    phone = Text(longest=1_000)
    key = Text(longest=200)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if len(data) != 1:
            raise ValidationError("give one of email, phone and key", "email")


class AddressUseSchema(StrictSchema):
    """A stream that an address was told in: an account's, the address's own, or a device's.

    `profile_id` is whose the stream is today, `orders` how many stand in a stream of the address.
    """

    stream_id = Text(required=True)
    profile_id = Text(required=True, allow_none=True)
    kind = Choice(*USE_KINDS, required=True)
    proven = Boolean(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)
    orders = Integer(least=0)


class ConsentStatementSchema(StrictSchema):
    """A consent or a refusal: `source` says where, `origin` by which entry.

    Null: the event is in no log that is at hand.
    """

    purpose = Text(required=True)
    granted = Boolean(required=True)
    at = Instant(required=True)
    source = Choice(*USE_KINDS, required=True, allow_none=True)
    origin = Choice(*ORIGINS, required=True, allow_none=True)
    authenticated = Boolean(required=True, allow_none=True)
    event_id = Text(required=True)


class AddressOrdersSchema(StrictSchema):
    """The standing orders of an address and its account."""

    count = Integer(required=True, least=0)
    last_at = Instant(required=True, allow_none=True)


class AddressResponse(StrictSchema):
    """The answer of `profiles.address`, of an address and the account that has proven it.

    `streams` has accounts first, then the address's own, then the newest devices; `consent` what
    was told in the streams of the address and of its account, and what the address has refused, the
    newest first.
    """

    type = Name(required=True)
    key = Text(required=True)
    profile_id = Text(required=True, allow_none=True)
    orders = Nested(AddressOrdersSchema(), required=True)
    consent = ListOf(Nested(ConsentStatementSchema()), most=MAX_STATEMENTS, required=True)
    streams = ListOf(Nested(AddressUseSchema()), most=MAX_STREAMS, required=True)


ADDRESS_REQUEST = AddressRequest()
ADDRESS_RESPONSE = AddressResponse()
