"""How segments move from week to week: the request, the responses and the event of it."""

from __future__ import annotations

from chassis.validation.fields import Instant, Integer, ListOf, Name, Nested, Number, Text
from chassis.validation.schema import StrictSchema

MAX_WEEKS = 104


class StabilityRequest(StrictSchema):
    """The arguments of `segments.stability`: all segments without one, and 12 weeks."""

    segment = Name()
    weeks = Integer(least=1, most=MAX_WEEKS)


class MedianStaySchema(StrictSchema):
    """How long half of those who enter stay at most, in seconds, as far as is known.

    Whoever is still in it counts with the time until now (Kaplan and Meier). While more than half
    of them are, `seconds` is null, and `over_seconds` is the longest stay so far. Without anybody
    both are null.
    """

    seconds = Integer(least=0, required=True, allow_none=True)
    over_seconds = Integer(least=0, required=True, allow_none=True)


class SegmentWeekSchema(StrictSchema):
    """A segment in a week by ISO 8601, `2026-W48`, in the shop's time zone.

    `members` of `population` profiles were in it at `measured_at`, which is the last measurement of
    the week, by `version` of its rule; these are null in a week without any. In the present week it
    is now. `psi` is the population stability index against the last week before that was measured.
    `entries` and `exits` are of the whole week, without those of a segment that was renamed, and
    `median_stay` is that of those who entered in this week.
    """

    week = Text(required=True)
    begins_at = Instant(required=True)
    measured_at = Instant(required=True, allow_none=True)
    population = Integer(least=0, required=True, allow_none=True)
    members = Integer(least=0, required=True, allow_none=True)
    version = Integer(least=1, required=True, allow_none=True)
    psi = Number(required=True, allow_none=True)
    entries = Integer(least=0, required=True)
    exits = Integer(least=0, required=True)
    median_stay = Nested(MedianStaySchema(), required=True)


class SegmentStabilitySchema(StrictSchema):
    """A segment's weeks, and the median stay of all who entered in them."""

    segment = Name(required=True)
    version = Integer(least=1, required=True)
    members = Integer(least=0, required=True)
    median_stay = Nested(MedianStaySchema(), required=True)
    weeks = ListOf(Nested(SegmentWeekSchema()), required=True)


class StabilityResponse(StrictSchema):
    """The answer of `segments.stability`.

    A segment whose index is over `threshold` drifts.
    """

    population = Integer(least=0, required=True)
    threshold = Number(required=True)
    as_of = Instant(required=True)
    segments = ListOf(Nested(SegmentStabilitySchema()), required=True)


class WarnedSegmentSchema(StrictSchema):
    """A segment, with what looks wrong about it and what to do."""

    segment = Name(required=True)
    warnings = ListOf(Text(longest=2_000), required=True)


class WarningsResponse(StrictSchema):
    """The answer of `segments.warnings`: every segment in force that can be read, by name.

    The warnings are about its members; those about its rule come with `segments.list`.
    """

    as_of = Instant(required=True)
    segments = ListOf(Nested(WarnedSegmentSchema()), required=True)


class MeasurementSchema(StrictSchema):
    """So many `members` of `population` profiles, as they were measured in a week."""

    week = Text(required=True)
    members = Integer(least=0, required=True)
    population = Integer(least=0, required=True)
    measured_at = Instant(required=True)


class SegmentDrifted(StrictSchema):
    """The data of `segment_drifted`, whose stream is `segment_drift`.

    The population stability index `psi` of a segment in a week, against the last week before that
    was measured, is over `threshold`, while its rule is the same. It is published once for a
    segment and week, when that is first seen: the week may go on.
    """

    segment = Name(required=True)
    week = Text(required=True)
    psi = Number(required=True)
    threshold = Number(required=True)
    definition_version = Integer(least=1, required=True)
    before = Nested(MeasurementSchema(), required=True)
    after = Nested(MeasurementSchema(), required=True)


STABILITY_REQUEST = StabilityRequest()
STABILITY_RESPONSE = StabilityResponse()
WARNINGS_RESPONSE = WarningsResponse()
SEGMENT_DRIFTED = SegmentDrifted()
