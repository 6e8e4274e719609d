"""The event and the responses about the model of customer lifetime value."""

from __future__ import annotations

from chassis.validation.fields import (
    Boolean,
    Choice,
    Instant,
    Integer,
    ListOf,
    Nested,
    Number,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Currency


class BuyingModelSchema(StrictSchema):
    """The fitted model of buying; `r`, `alpha` (weeks), `a` and `b` as in the literature.

    `repeaters` of the `customers` bought on two days or more. `at_edge`: a parameter is at the edge
    of what is searched.
    """

    r = Number(required=True)
    alpha = Number(required=True)
    a = Number(required=True)
    b = Number(required=True)
    customers = Integer(least=0, required=True)
    repeaters = Integer(least=0, required=True)
    log_likelihood = Number(required=True)
    at_edge = Boolean(required=True)


class SpendModelSchema(StrictSchema):
    """The fitted Gamma-Gamma model of spend in a currency; `gamma` is in minor units.

    `correlation` is that of order days and mean spend, which the model takes to be none.
    """

    currency = Currency(required=True)
    p = Number(required=True)
    q = Number(required=True)
    gamma = Number(required=True)
    repeaters = Integer(least=0, required=True)
    log_likelihood = Number(required=True)
    correlation = Number(required=True)
    at_edge = Boolean(required=True)


class CutoffsSchema(StrictSchema):
    """The n-th of 100 `values` is what n percent of all customers do not exceed.

    Those of `clv` are in minor units of the shop's currency.
    """

    value = Choice("alive", "clv", required=True)
    values = ListOf(Number(), required=True)


class ValueModelFitted(StrictSchema):
    """The data of `value_model_fitted`, whose stream is `value_model`.

    The model was fitted on the orders before `as_of`; its days are those of `zone`, and CLV is the
    spend of the next `horizon_days` days. Without a `currency` no spend is known. Members by a
    percentile stay until they are `band` percent below it. `remarks` are to be read before use.
    """

    version = Integer(least=1, required=True)
    model = Choice("mbg_nbd", "bg_nbd", required=True)
    as_of = Instant(required=True)
    zone = Text(required=True)
    horizon_days = Integer(least=1, required=True)
    currency = Currency(required=True, allow_none=True)
    buying = Nested(BuyingModelSchema(), required=True)
    spend = ListOf(Nested(SpendModelSchema()), required=True)
    cutoffs = ListOf(Nested(CutoffsSchema()), required=True)
    band = Integer(least=0, required=True)
    remarks = ListOf(Text(), required=True)


class ValueModelResponse(StrictSchema):
    """The answer of `segments.value_model`: the model in force; null before the first fit."""

    model = Nested(ValueModelFitted(), required=True, allow_none=True)


class ValuesRequest(StrictSchema):
    """The argument of `segments.values`: a profile, by its id now or before."""

    profile_id = Text(longest=64, required=True)


class CurrencyValue(StrictSchema):
    """What a customer is expected to spend in one currency, in minor units."""

    currency = Currency(required=True)
    clv = Integer(least=0, required=True)


class ValuesResponse(StrictSchema):
    """The answer of `segments.values`: a profile's values at `as_of`, by the model of `version`.

    `order_days` and `first_day`, `last_day` (YYYY-MM-DD) are of its standing orders. The values are
    null without a model, or without orders. `expected_orders` and `clv` are of the model's horizon,
    `percentile` is that of `clv` among all customers, and `lapses_at` is when `alive` passes one
    half, if nothing is bought until then; null if it has, or never will.
    """

    profile_id = Text(required=True)
    version = Integer(least=1, required=True, allow_none=True)
    horizon_days = Integer(least=1, required=True, allow_none=True)
    order_days = Integer(least=0, required=True)
    first_day = Text(required=True, allow_none=True)
    last_day = Text(required=True, allow_none=True)
    alive = Number(required=True, allow_none=True)
    expected_orders = Number(required=True, allow_none=True)
    clv = ListOf(Nested(CurrencyValue()), required=True)
    percentile = Integer(least=0, required=True, allow_none=True)
    lapses_at = Instant(required=True, allow_none=True)
    as_of = Instant(required=True)


VALUE_MODEL_FITTED = ValueModelFitted()
VALUE_MODEL_RESPONSE = ValueModelResponse()
VALUES_REQUEST = ValuesRequest()
VALUES_RESPONSE = ValuesResponse()
