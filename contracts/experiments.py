"""Experiments: the answer of `offers.experiment_report`, and the event of a conflict."""

from __future__ import annotations

from chassis.validation.fields import (
    Boolean,
    Choice,
    Instant,
    Integer,
    ListOf,
    MapOf,
    Name,
    Nested,
    Number,
    Text,
)
from chassis.validation.schema import StrictSchema

EXPERIMENT_CONFLICT = "experiment_conflict"
"""The type of the event that a shopper saw several variants."""
METRICS = ("conversions", "revenue", "clicks", "refunds")


class ExperimentConflict(StrictSchema):
    """The data of `experiment_conflict`: a shopper saw several variants of an experiment.

    As when two devices turn out to be hers. The variant that she saw first comes first, and is what
    she goes on seeing; she is left out of the analysis.
    """

    experiment = Name(required=True)
    variants = ListOf(Name(), required=True)


class ExperimentReportRequest(StrictSchema):
    """The argument of `offers.experiment_report`: an experiment or holdout of the catalogue."""

    experiment = Name(required=True)


class IntervalSchema(StrictSchema):
    """From `low` to `high`, null where nothing is known."""

    low = Number(required=True, allow_none=True)
    high = Number(required=True, allow_none=True)


class EstimateSchema(IntervalSchema):
    """An estimate with its interval for one look, of the report's `level`."""

    estimate = Number(required=True)


class AdjustedEstimateSchema(EstimateSchema):
    """The same by CUPED: `removed` is the part of the variance that is gone, between 0 and 1."""

    p_value = Number(required=True)
    removed = Number(required=True)


class VariantTallySchema(StrictSchema):
    """A variant: its share of the shoppers, and by metric the total and the mean of a shopper."""

    variant = Name(required=True)
    weight = Number(required=True)
    shoppers = Integer(least=0, required=True)
    totals = MapOf(Number(), required=True)
    means = MapOf(Number(), required=True)


class EffectSchema(StrictSchema):
    """How a variant differs from the control in a metric.

    `lift` is relative: 0.1 is 10 percent more. `always_valid_lift` may be looked at all the time.
    """

    variant = Name(required=True)
    metric = Choice(*METRICS, required=True)
    difference = Nested(EstimateSchema(), required=True)
    lift = Nested(EstimateSchema(), required=True)
    always_valid_lift = Nested(IntervalSchema(), required=True)
    p_value = Number(required=True)
    adjusted = Nested(AdjustedEstimateSchema(), required=True, allow_none=True)


class GuardSchema(StrictSchema):
    """A metric that must not get worse by more than `margin`, and whether it has.

    That is decided by the interval which may be looked at all the time.
    """

    variant = Name(required=True)
    metric = Choice(*METRICS, required=True)
    margin = Number(required=True)
    lift = Nested(EstimateSchema(), required=True)
    always_valid_lift = Nested(IntervalSchema(), required=True)
    verdict = Choice("fine", "worse", "unclear", required=True)


class VerdictSchema(StrictSchema):
    """What the primary metric says of a variant."""

    variant = Name(required=True)
    verdict = Choice("better", "worse", "undecided", "not_believable", required=True)


class SampleRatioSchema(StrictSchema):
    """Whether the variants have the shares of shoppers that they should."""

    p_value = Number(required=True)
    is_mismatch = Boolean(required=True)


class PowerSchema(StrictSchema):
    """The least relative lift that is seen 4 times of 5, now and once all planned are there.

    `days_left` are those until then, null for an experiment that is stopped and for a holdout.
    """

    planned_shoppers = Integer(least=1, required=True)
    days_left = Integer(least=0, required=True, allow_none=True)
    detectable_lift = Number(required=True, allow_none=True)
    detectable_lift_as_planned = Number(required=True, allow_none=True)


class ExperimentReportResponse(StrictSchema):
    """The answer of `offers.experiment_report`.

    The first variant is the control. `conflicts` saw two variants and are left out. Revenue and
    refunds are in minor units of `currency`. A holdout goes on: `is_running` is true.
    """

    experiment = Name(required=True)
    kind = Choice("experiment", "holdout", required=True)
    is_running = Boolean(required=True)
    primary = Choice(*METRICS, required=True)
    currency = Text(required=True, allow_none=True)
    since = Instant(required=True, allow_none=True)
    as_of = Instant(required=True)
    window_days = Number(required=True)
    level = Number(required=True)
    shoppers = Integer(least=0, required=True)
    conflicts = Integer(least=0, required=True)
    sample_ratio = Nested(SampleRatioSchema(), required=True)
    variants = ListOf(Nested(VariantTallySchema()), required=True)
    effects = ListOf(Nested(EffectSchema()), required=True)
    guards = ListOf(Nested(GuardSchema()), required=True)
    verdicts = ListOf(Nested(VerdictSchema()), required=True)
    power = Nested(PowerSchema(), required=True)
    remarks = ListOf(Text(), required=True)


EXPERIMENT_REPORT_REQUEST = ExperimentReportRequest()
EXPERIMENT_REPORT_RESPONSE = ExperimentReportResponse()
