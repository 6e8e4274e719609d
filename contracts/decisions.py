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
    Number,
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
    ExperimentPartSchema,
    Referrer,
)

DECIDED = "offer_decided"
DECIDED_VERSION = 2


class LoggedItemSchema(StrictSchema):
    """A line of the basket as it was read."""

    sku = Text(longest=200, required=True)
    name = Text(longest=200)
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
    """What the offers of the placement could read of the shopper.

    `points_pending` are those of orders whose return window is open, if there are any.
    """

    segments = ListOf(Name(), required=True)
    traits = JsonObject(required=True)
    consent = MapOf(Boolean(), names=Text(longest=200), fewest=0, required=True)
    points = Integer(required=True)
    points_pending = Integer()


class LoggedExperimentPartSchema(ExperimentPartSchema):
    """The same with the keyed hash of the identifier."""

    key = Text(required=True)


class DrawSchema(StrictSchema):
    """An offer that a bandit drew, null for nothing, and its probability, given those before."""

    offer_id = Text(required=True, allow_none=True)
    propensity = Number(required=True)


class SlotDrawSchema(StrictSchema):
    """What a bandit drew for a slot, in this order, among `candidates`, for a request of `cell`."""

    cell = Text(longest=1_000, required=True)
    candidates = ListOf(Text(), required=True)
    picks = ListOf(Nested(DrawSchema()), required=True)


class OfferDecided(DecideResponse):
    """The data of `offer_decided`: the inputs of a decision and which blocks came of them.

    `evaluator` and `shopper` are in it from version 2 on, as the decision is made again from them;
    `decision_id`, `trace` and the contents of its blocks up to version 1.
    """

    decision_id = Text()
    slots = MapOf(ListOf(Nested(LoggedBlockSchema())), required=True)
    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())))
    experiments = ListOf(Nested(LoggedExperimentPartSchema()))
    rankings = MapOf(Nested(SlotDrawSchema()))
    evaluator = Integer(least=1)
    shopper = Nested(SeenShopperSchema())
    request = Nested(LoggedRequestSchema(), required=True)


class ExplainResponse(DecideResponse):
    """A decision with its trace, the request, and what offers could read of the shopper."""

    trace = MapOf(ListOf(Nested(ConsideredOfferSchema())), required=True)
    shopper = Nested(SeenShopperSchema())
    request = Nested(LoggedRequestSchema(), required=True)
    experiments = ListOf(Nested(LoggedExperimentPartSchema()))
    rankings = MapOf(Nested(SlotDrawSchema()))


def _has_stored_trace(data: dict[str, Any]) -> dict[str, Any]:
    """A decision of version 1 keeps its trace and contents: its inputs were not logged."""
    return data


DECISION_STEPS = {(DECIDED, 1): _has_stored_trace}
"""The steps of upcasting, for every service that reads the log of offers."""
