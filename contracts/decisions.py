"""The log of decisions: the event `offer_decided`, and the answer of `offers.explain`."""

from __future__ import annotations

from typing import Any

from chassis.validation.fields import (
    Amount,
    Boolean,
    Integer,
    JsonObject,
    ListOf,
    MapOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Versions
from contracts.offers import (
    MAX_ITEMS,
    BlockSchema,
    ConsideredOfferSchema,
    ContextSchema,
    DecideResponse,
    Referrer,
)

DECIDED = "offer_decided"
DECIDED_VERSION = 2


class LoggedItemSchema(StrictSchema):
    """A line of the basket as it was read."""

    sku = Text(longest=200, required=True)
    category = Text(longest=200)
    quantity = Integer(least=1, most=1_000_000, load_default=1)
    price = Amount()


class LoggedContextSchema(ContextSchema):
    """The transaction as it was read; `referrer` is null where there was no host."""

    items = ListOf(Nested(LoggedItemSchema()), most=MAX_ITEMS)
    referrer = Referrer(allow_none=True)


class LoggedRequestSchema(StrictSchema):
    """The request that was answered; `identifiers` are keyed hashes."""

    identifiers = ListOf(Text(), required=True)
    authenticated = Boolean(required=True)
    context = Nested(LoggedContextSchema(), required=True)
    at_least = Versions(required=True)
    deadline_ms = Integer(required=True, allow_none=True)


class LoggedBlockSchema(BlockSchema):
    """What one slot showed; its content is in decisions of version 1 only."""

    content = JsonObject()


class SeenShopperSchema(StrictSchema):
    """What the offers of the placement could read of the shopper."""

    segments = ListOf(Name(), required=True)
    traits = JsonObject(required=True)
    consent = MapOf(Boolean(), names=Text(longest=200), fewest=0, required=True)
    points = Integer(required=True)


class OfferDecided(DecideResponse):
    """The data of `offer_decided`: the inputs of a decision and which blocks came of them.

    `evaluator` and `shopper` are in it from version 2 on, as the decision is made again from them;
    `decision_id`, `trace` and the contents of its blocks up to version 1.
    """

    decision_id = Text()
    slots = MapOf(ListOf(Nested(LoggedBlockSchema())), required=True)
    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())))
    evaluator = Integer(least=1)
    shopper = Nested(SeenShopperSchema())
    request = Nested(LoggedRequestSchema(), required=True)


class ExplainResponse(DecideResponse):
    """A decision with its trace, the request, and what offers could read of the shopper."""

    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())), required=True)
    shopper = Nested(SeenShopperSchema())
    request = Nested(LoggedRequestSchema(), required=True)


def _has_stored_trace(data: dict[str, Any]) -> dict[str, Any]:
    """A decision of version 1 keeps its trace and contents: its inputs were not logged."""
    return data


DECISION_STEPS = {(DECIDED, 1): _has_stored_trace}
"""The steps of upcasting, for every service that reads the log of offers."""
