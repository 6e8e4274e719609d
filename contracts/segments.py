"""What segments is asked, what it answers, and the events that it tells."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from contracts.fields import (
    Choice,
    Each,
    Flag,
    Identifiers,
    Instant,
    Name,
    Part,
    Text,
    Versions,
    Whole,
)
from contracts.schema import Contract

MAX_RULE = 2_000
MAX_WAIT_MS = 60_000


class Definition(Contract):
    """The argument of `segments.define`: a segment by name, its rule, and what it is for."""

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(longest=1_000, required=True)


class MembershipsRequest(Contract):
    """A shopper by one of `profile_id` and `identifiers`; `at_least` is a receipt's token."""

    profile_id = Text(longest=64)
    identifiers = Identifiers()
    at_least = Versions()
    wait_ms = Whole(least=0, most=MAX_WAIT_MS)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("profile_id" in data) == ("identifiers" in data):
            raise ValidationError("give either profile_id or identifiers", "profile_id")


class PreviewRequest(Contract):
    """The argument of `segments.preview`."""

    rule = Text(longest=MAX_RULE, required=True)


class ExplainRequest(Contract):
    """The arguments of `segments.explain`."""

    profile_id = Text(longest=64, required=True)
    segment = Name(required=True)


class Member(Contract):
    """A segment that a shopper is in, and since when as far as was known."""

    segment = Name(required=True)
    since = Instant(required=True)


class Memberships(Contract):
    """The answer of `segments.memberships`, evaluated at `as_of` over `versions` of the streams.

    `stale`: what `at_least` asked for had not come in time.
    """

    profile_id = Text(required=True)
    segments = Each(Part(Member()), required=True)
    versions = Versions(required=True)
    stale = Flag(required=True)
    as_of = Instant(required=True)


class Listed(Contract):
    """A segment in the answers of `segments.list` and `segments.define`.

    `meaning` is the rule in English. While `status` is `backfilling`, some shoppers are still
    members by an earlier version. `warnings` are likely slips in the rule.
    """

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(required=True)
    meaning = Text(longest=20_000, required=True)
    version = Whole(least=1, required=True)
    members = Whole(least=0, required=True)
    status = Choice("live", "backfilling", required=True)
    warnings = Each(Text(longest=2_000), required=True)


class Preview(Contract):
    """The answer of `segments.preview`: who would be a member.

    `evaluated` of `profiles` shoppers were looked at, all of them when `complete`.
    """

    meaning = Text(longest=20_000, required=True)
    members = Whole(least=0, required=True)
    evaluated = Whole(least=0, required=True)
    profiles = Whole(least=0, required=True)
    complete = Flag(required=True)
    sample = Each(Text(), required=True)
    warnings = Each(Text(longest=2_000), required=True)
    as_of = Instant(required=True)


class Explanation(Contract):
    """The answer of `segments.explain`: each comparison of the rule with its present values.

    `changes_at` is the earliest instant at which the answer may change without a new event.
    """

    profile_id = Text(required=True)
    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(required=True)
    meaning = Text(longest=20_000, required=True)
    version = Whole(least=1, required=True)
    member = Flag(required=True)
    since = Instant(required=True, allow_none=True)
    why = Each(Text(longest=10_000), required=True)
    changes_at = Instant(required=True, allow_none=True)
    as_of = Instant(required=True)


class MembershipChanged(Contract):
    """The data of `segment_entered` and `segment_exited`, whose stream is the profile.

    `reason`: an event, time that went by, streams that moved between profiles (merge), a changed
    definition, or a rebuild, which tells the net change. `as_of` has the version of each of the
    profile's streams.
    """

    segment = Name(required=True)
    profile_id = Text(required=True)
    definition_version = Whole(least=1, required=True)
    reason = Choice("event", "time", "merge", "definition", "rebuild", required=True)
    as_of = Versions(required=True)


DEFINITION = Definition()
MEMBERSHIPS_REQUEST = MembershipsRequest()
PREVIEW_REQUEST = PreviewRequest()
EXPLAIN_REQUEST = ExplainRequest()
MEMBERSHIPS = Memberships()
LISTED = Listed()
PREVIEW = Preview()
EXPLANATION = Explanation()
MEMBERSHIP_CHANGED = MembershipChanged()
