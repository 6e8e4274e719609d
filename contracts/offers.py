"""Requests and responses of offers, and the event of a decision."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from chassis.validation.fields import (
    Amount,
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
    check_length,
    check_text,
)
from chassis.validation.schema import StrictSchema, load
from contracts.common import IgnoredIdentifierSchema
from contracts.fields import Currency, Identifiers, Versions

MAX_REQUEST_BYTES = 64 * 1024
MAX_ITEMS = 200
MAX_STREAMS = 100
MAX_DEADLINE_MS = 60_000
ASSURANCES = ("none", "claimed", "device", "verified")

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")


class OptionalIdentifiers(Identifiers):
    """Identifiers, of which there may be none: then the transaction alone is known."""

    def read(self, value: Any) -> dict[str, str]:
        return value if value == {} else super().read(value)


class Token(Versions):
    """A receipt's token, of at most 100 streams."""

    def read(self, value: Any) -> dict[str, int]:
        versions = super().read(value)
        check_length(versions, 0, MAX_STREAMS)
        return versions


class Referrer(Text):
    """A page's address, of which only the host is kept, without `www.`: paths tell on people.

    What has no host is read as None, since browsers send all kinds of things.
    """

    def read(self, value: Any) -> Any:
        text = check_text(value).strip().lower()
        try:
            host = urlsplit(text if "//" in text else f"//{text}").hostname or ""
        except ValueError:
            return None
        host = host.removeprefix("www.")
        return host if len(host) <= 253 and _HOST.fullmatch(host) else None


class LowercaseText(Text):
    """Text that is compared without regard to capitals."""

    def read(self, value: Any) -> str:
        return super().read(value).strip().lower()


class Stock(JsonObject):
    """`{sku: pieces}`."""

    def read(self, value: Any) -> dict[str, int]:
        stock = super().read(value)
        check_length(stock, 0, MAX_ITEMS)
        for sku, pieces in stock.items():
            if type(pieces) is not int or pieces < 0:
                raise ValidationError({sku: ["must be how many there are: a whole number"]})
        return stock


class ItemSchema(StrictSchema):
    """A line of the basket; `price` is that of one piece, in minor units."""

    sku = Text(longest=200, required=True)
    category = Text(longest=200)
    quantity = Integer(least=1, most=1_000_000, load_default=1)
    price = Amount()


class ContextSchema(StrictSchema):
    """The transaction: `value` in minor units of `currency`."""

    items = ListOf(Nested(ItemSchema()), most=MAX_ITEMS)
    value = Amount()
    currency = Currency()
    device = LowercaseText(longest=64)
    referrer = Referrer()
    language = Text(longest=35)
    stock = Stock()


class DecideRequest(StrictSchema):
    """The argument of `offers.decide`; null is as good as absent."""

    placement = Name(required=True)
    identifiers = OptionalIdentifiers(load_default=dict)
    authenticated = Boolean(load_default=False)
    context = Nested(ContextSchema(), load_default=dict)
    at_least = Token(load_default=dict)
    sent_at = Instant()
    deadline_ms = Integer(least=1, most=MAX_DEADLINE_MS)
    explain = Boolean(load_default=False)
    dry_run = Boolean(load_default=False)


class BlockSchema(StrictSchema):
    """What one slot shows; a fallback block has no offer."""

    offer_id = Text(allow_none=True, required=True)
    offer_version = Integer(allow_none=True, required=True)
    variant = Text(required=True)
    content = JsonObject(required=True)


class ConsideredOfferSchema(StrictSchema):
    """An offer that was looked at, and why it was eligible or not."""

    offer_id = Text(required=True)
    offer_version = Integer(required=True)
    eligible = Boolean(required=True)
    chosen = Boolean(required=True)
    why = ListOf(Text(longest=5_000), required=True)


class UnusedIdentifierSchema(IgnoredIdentifierSchema):
    """An identifier that was not used, and the reason."""


class DecisionInputsSchema(StrictSchema):
    """What the decision was made from: the catalogue's fingerprint and the versions held."""

    catalogue = Text(required=True)
    streams = Versions(required=True)
    segments = Versions(required=True)
    ignored_identifiers = ListOf(Nested(UnusedIdentifierSchema()), required=True)


class DecideResponse(StrictSchema):
    """The answer of `offers.decide`."""

    decision_id = Text(required=True)
    placement = Name(required=True)
    profile_id = Text(allow_none=True, required=True)
    assurance = Choice(*ASSURANCES, required=True)
    slots = MapOf(ListOf(Nested(BlockSchema())), required=True)
    reasons = ListOf(Text(), required=True)
    degraded = ListOf(Text(), required=True)
    stale = Boolean(required=True)
    inputs = Nested(DecisionInputsSchema(), required=True)
    decided_at = Instant(required=True)
    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())))


class LoggedContextSchema(ContextSchema):
    """The transaction as it was read; `referrer` is null where there was no host."""

    referrer = Referrer(allow_none=True)


class LoggedRequestSchema(StrictSchema):
    """The request that was answered; `identifiers` are keyed hashes."""

    identifiers = ListOf(Text(), required=True)
    authenticated = Boolean(required=True)
    context = Nested(LoggedContextSchema(), required=True)
    at_least = Versions(required=True)
    deadline_ms = Integer(required=True, allow_none=True)


class OfferDecided(DecideResponse):
    """The data of `offer_decided`, and the answer of `offers.explain`."""

    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())), required=True)
    request = Nested(LoggedRequestSchema(), required=True)


_REQUEST = DecideRequest()


def read_request(request: object) -> Mapping[str, Any]:
    """The checked argument of `decide`; InvalidInput names the wrong field."""
    return load(_REQUEST, request, "", max_bytes=MAX_REQUEST_BYTES)
