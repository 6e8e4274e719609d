"""Requests, responses and events of segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.validation.fields import Boolean, Choice, Instant, Integer, ListOf, Name, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.fields import Identifiers, Versions

MAX_RULE = 2_000
MAX_WAIT_MS = 60_000


class DefineRequest(StrictSchema):
    """The argument of `segments.define`: a segment by name, its rule, and what it is for."""

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(longest=1_000, required=True)


class MembershipsRequest(StrictSchema):
    """A shopper by one of `profile_id` and `identifiers`; `at_least` is a receipt's token."""

    profile_id = Text(longest=64)
    identifiers = Identifiers()
    at_least = Versions()
    wait_ms = Integer(least=0, most=MAX_WAIT_MS)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("profile_id" in data) == ("identifiers" in data):
            raise ValidationError("give either profile_id or identifiers", "profile_id")


class PreviewRequest(StrictSchema):
    """The argument of `segments.preview`."""

    rule = Text(longest=MAX_RULE, required=True)


class ExplainRequest(StrictSchema):
    """The arguments of `segments.explain`."""

    profile_id = Text(longest=64, required=True)
    segment = Name(required=True)


class MemberSchema(StrictSchema):
    """A segment that a shopper is in, and since when as far as was known."""

    segment = Name(required=True)
    since = Instant(required=True)


class MembershipsResponse(StrictSchema):
    """The answer of `segments.memberships`, evaluated at `as_of` over `versions` of the streams.

    `stale`: what `at_least` asked for had not come in time.
    """

    profile_id = Text(required=True)
    segments = ListOf(Nested(MemberSchema()), required=True)
    versions = Versions(required=True)
    stale = Boolean(required=True)
    as_of = Instant(required=True)


class SegmentSchema(StrictSchema):
    """A segment in the answers of `segments.list` and `segments.define`.

    `meaning` is the rule in English. While `status` is `backfilling`, some shoppers are still
    members by an earlier version. `warnings` are likely slips in the rule.
    """

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(required=True)
    meaning = Text(longest=20_000, required=True)
    version = Integer(least=1, required=True)
    members = Integer(least=0, required=True)
    status = Choice("live", "backfilling", required=True)
    warnings = ListOf(Text(longest=2_000), required=True)


class PreviewResponse(StrictSchema):
    """The answer of `segments.preview`: who would be a member.

    `evaluated` of `profiles` shoppers were looked at, all of them when `complete`.
    """

    meaning = Text(longest=20_000, required=True)
    members = Integer(least=0, required=True)
    evaluated = Integer(least=0, required=True)
    profiles = Integer(least=0, required=True)
    complete = Boolean(required=True)
    sample = ListOf(Text(), required=True)
    warnings = ListOf(Text(longest=2_000), required=True)
    as_of = Instant(required=True)


class SegmentExplainResponse(StrictSchema):
    """The answer of `segments.explain`: each comparison of the rule with its present values.

    `changes_at` is the earliest instant at which the answer may change without a new event.
    """

    profile_id = Text(required=True)
    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(required=True)
    meaning = Text(longest=20_000, required=True)
    version = Integer(least=1, required=True)
    member = Boolean(required=True)
    since = Instant(required=True, allow_none=True)
    why = ListOf(Text(longest=10_000), required=True)
    changes_at = Instant(required=True, allow_none=True)
    as_of = Instant(required=True)


class MembershipChanged(StrictSchema):
    """The data of `segment_entered` and `segment_exited`, whose stream is the profile.

    `reason`: an event, time that went by, streams that moved between profiles (merge), a changed
    definition, or a rebuild, which tells the net change. `as_of` has the version of each of the
    profile's streams.
    """

    segment = Name(required=True)
    profile_id = Text(required=True)
    definition_version = Integer(least=1, required=True)
    reason = Choice("event", "time", "merge", "definition", "rebuild", required=True)
    as_of = Versions(required=True)


DEFINE_REQUEST = DefineRequest()
MEMBERSHIPS_REQUEST = MembershipsRequest()
PREVIEW_REQUEST = PreviewRequest()
EXPLAIN_REQUEST = ExplainRequest()
MEMBERSHIPS_RESPONSE = MembershipsResponse()
SEGMENT = SegmentSchema()
PREVIEW_RESPONSE = PreviewResponse()
EXPLAIN_RESPONSE = SegmentExplainResponse()
MEMBERSHIP_CHANGED = MembershipChanged()
