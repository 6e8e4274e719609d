"""What the checkout asks of offers, and the answer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from marshmallow import ValidationError

from contracts.fields import (
    Amount,
    Choice,
    Currency,
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
    check_length,
    check_text,
)
from contracts.schema import Contract, load

MAX_REQUEST_BYTES = 64 * 1024
MAX_ITEMS = 200
MAX_STREAMS = 100
MAX_DEADLINE_MS = 60_000
ASSURANCES = ("none", "claimed", "device", "verified")

_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,62}")


class Whoever(Identifiers):
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


class Lowered(Text):
    """Text that is compared without regard to capitals."""

    def read(self, value: Any) -> str:
        return super().read(value).strip().lower()


class Stock(Free):
    """`{sku: pieces}`."""

    def read(self, value: Any) -> dict[str, int]:
        stock = super().read(value)
        check_length(stock, 0, MAX_ITEMS)
        for sku, pieces in stock.items():
            if type(pieces) is not int or pieces < 0:
                raise ValidationError({sku: ["must be how many there are: a whole number"]})
        return stock


class Item(Contract):
    """A line of the basket; `price` is that of one piece, in minor units."""

    sku = Text(longest=200, required=True)
    category = Text(longest=200)
    quantity = Whole(least=1, most=1_000_000, load_default=1)
    price = Amount()


class Context(Contract):
    """The transaction: `value` in minor units of `currency`."""

    items = Each(Part(Item()), most=MAX_ITEMS)
    value = Amount()
    currency = Currency()
    device = Lowered(longest=64)
    referrer = Referrer()
    language = Text(longest=35)
    stock = Stock()


class DecideRequest(Contract):
    """The argument of `offers.decide`; null is as good as absent."""

    placement = Name(required=True)
    identifiers = Whoever(load_default=dict)
    authenticated = Flag(load_default=False)
    context = Part(Context(), load_default=dict)
    at_least = Token(load_default=dict)
    sent_at = Instant()
    deadline_ms = Whole(least=1, most=MAX_DEADLINE_MS)
    explain = Flag(load_default=False)
    dry_run = Flag(load_default=False)


class Block(Contract):
    """What one slot shows; a fallback block has no offer."""

    offer_id = Text(allow_none=True, required=True)
    offer_version = Whole(allow_none=True, required=True)
    variant = Text(required=True)
    content = Free(required=True)


class Considered(Contract):
    """An offer that was looked at, and why it was eligible or not."""

    offer_id = Text(required=True)
    offer_version = Whole(required=True)
    eligible = Flag(required=True)
    chosen = Flag(required=True)
    why = Each(Text(longest=5_000), required=True)


class IgnoredIdentifier(Contract):
    """An identifier that was not used, and the reason."""

    type = Text(required=True)
    reason = Text(required=True)


class Inputs(Contract):
    """What the decision was made from: the catalogue's fingerprint and the versions held."""

    catalogue = Text(required=True)
    streams = Versions(required=True)
    segments = Versions(required=True)
    ignored_identifiers = Each(Part(IgnoredIdentifier()), required=True)


class DecisionAnswer(Contract):
    """The answer of `offers.decide`."""

    decision_id = Text(required=True)
    placement = Name(required=True)
    profile_id = Text(allow_none=True, required=True)
    assurance = Choice(*ASSURANCES, required=True)
    slots = Mapped(Each(Part(Block())), required=True)
    reasons = Each(Text(), required=True)
    degraded = Each(Text(), required=True)
    stale = Flag(required=True)
    inputs = Part(Inputs(), required=True)
    decided_at = Instant(required=True)
    trace = Mapped(Each(Part(Considered())))


class AskedContext(Context):
    """The transaction as it was read; `referrer` is null where there was no host."""

    referrer = Referrer(allow_none=True)


class Asked(Contract):
    """The request that was answered; `identifiers` are keyed hashes."""

    identifiers = Each(Text(), required=True)
    authenticated = Flag(required=True)
    context = Part(AskedContext(), required=True)
    at_least = Versions(required=True)
    deadline_ms = Whole(required=True, allow_none=True)


class OfferDecided(DecisionAnswer):
    """The data of `offer_decided`, and the answer of `offers.explain`."""

    trace = Mapped(Each(Part(Considered())), required=True)
    request = Part(Asked(), required=True)


_REQUEST = DecideRequest()


def read_request(request: object) -> Mapping[str, Any]:
    """The checked argument of `decide`; InvalidInput names the wrong field."""
    return load(_REQUEST, request, "", max_bytes=MAX_REQUEST_BYTES)
