"""Outcomes: what became of the blocks that a decision chose, as the shop reports it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.core.errors import InvalidInput
from chassis.core.field_message import FieldMessage
from chassis.validation.fields import (
    Amount,
    Boolean,
    Choice,
    Instant,
    Integer,
    ListOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.plain import MAX_CALL_BYTES, MAX_CALL_EVENTS, kind, measure
from chassis.validation.schema import InvalidFields, Mending, StrictSchema, load_fields
from contracts.event_fields import MAX_STORE, Reference
from contracts.event_schema import MAX_ID
from contracts.fields import Currency
from contracts.profiles import FieldErrorSchema

KINDS = ("shown", "clicked", "converted")
OUTCOME_TYPES = {kind: f"offer_{kind}" for kind in KINDS}
"""The type of the event of each kind of outcome."""

_NO_DECISION = (
    "is missing: send the decision_id of the answer that was shown; the stored fallback has none,"
    " and is not reported"
)
_NEEDED = {"required": _NO_DECISION, "null": _NO_DECISION}
_OF_CONVERSIONS = ("value", "currency", "order_id", "store")


class OutcomeSchema(StrictSchema):
    """What became of a block: it was `shown` or `clicked`, or has `converted`.

    An `outcome_id` counts once. Without one, a kind counts once for a slot of a decision, and for
    an offer and an order, if they are given. `offer_id` says which of several blocks in a slot.
    `at` is when it happened, by default now. What converted may have a `value` in minor units of
    `currency`, and an `order_id`, which counts within a `store`.
    """

    outcome_id = Text(longest=MAX_ID)
    decision_id = Text(longest=64, required=True, error_messages=_NEEDED)
    slot = Name(required=True)
    offer_id = Text(longest=200)
    kind = Choice(*KINDS, required=True)
    at = Instant()
    value = Amount()
    currency = Currency()
    order_id = Reference()
    store = Reference(longest=MAX_STORE)

    @validates_schema
    def _fits_its_kind(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if data.get("kind") != "converted":
            for name in _OF_CONVERSIONS:
                if data.get(name) is not None:
                    raise ValidationError("is only for what has converted; leave it out", name)
        if data.get("value") is not None and data.get("currency") is None:
            raise ValidationError("is missing: a value needs its currency", "currency")
        if data.get("store") is not None and data.get("order_id") is None:
            raise ValidationError("is missing: a store needs its order", "order_id")


class RecordOutcomesRequest(StrictSchema):
    """The arguments of `offers.record_outcomes`."""

    outcomes = ListOf(Nested(OutcomeSchema()), most=MAX_CALL_EVENTS, required=True)


class OutcomeReceiptSchema(StrictSchema):
    """What became of a report: `appended` to the log, `duplicate`, `conflict` or `rejected`.

    A `conflict` has an id that stands for another outcome. `joined` says whether the decision is in
    the log: if not, the outcome is joined with it once it is.
    """

    outcome_id = Text(required=True, allow_none=True)
    status = Choice("appended", "duplicate", "rejected", "conflict", required=True)
    joined = Boolean()
    errors = ListOf(Nested(FieldErrorSchema()))
    warnings = ListOf(Nested(FieldErrorSchema()), required=True)


class RecordOutcomesResponse(StrictSchema):
    """The answer of `offers.record_outcomes`: a receipt for each outcome, in order."""

    receipts = ListOf(Nested(OutcomeReceiptSchema()), required=True)


class OfferShown(StrictSchema):
    """The data of `offer_shown`: the shopper saw the block.

    `placement` and, of a block that is no fallback, `offer_id`, `offer_version` and `variant` are
    those of the decision, if it was in the log by then.
    """

    outcome_id = Text(required=True)
    decision_id = Text(required=True)
    slot = Name(required=True)
    placement = Name()
    offer_id = Text()
    offer_version = Integer(least=1)
    variant = Text()


class OfferClicked(OfferShown):
    """The data of `offer_clicked`: the shopper followed the block."""


class OfferConverted(OfferShown):
    """The data of `offer_converted`: the block led to what it is for, such as an order."""

    value = Amount()
    currency = Currency()
    order_id = Reference()
    store = Reference(longest=MAX_STORE)


_OUTCOME = OutcomeSchema()


def check_outcomes(value: object) -> list[Any]:
    """The reports of a call, unread; InvalidInput if it is no list, or too long or large."""
    if type(value) is not list:
        raise InvalidInput("outcomes", f"must be a list of outcomes, not {kind(value)}")
    if len(value) > MAX_CALL_EVENTS:
        raise InvalidInput(
            "outcomes", f"has {len(value):,}; send at most {MAX_CALL_EVENTS:,} in a call"
        )
    if sum(map(_size, value)) > MAX_CALL_BYTES:
        raise InvalidInput("outcomes", f"are more than {MAX_CALL_BYTES:,} bytes of JSON")
    return value


def read_outcome(value: object, path: str, mending: Mending) -> dict[str, Any]:
    """One report, its slips mended; InvalidFields tells everything that is wrong with it."""
    try:
        measure(value, path)
    except InvalidInput as error:
        raise InvalidFields([FieldMessage(error.subject, error.message)]) from None
    try:
        return load_fields(_OUTCOME, value, path)
    except InvalidFields:
        return load_fields(_OUTCOME, _OUTCOME.mend(value, mending), path)


def _size(value: object) -> int:
    try:
        return measure(value)
    except InvalidInput:
        return 0
