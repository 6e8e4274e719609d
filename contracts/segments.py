"""Requests, responses and events of segments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from marshmallow import ValidationError, validates_schema

from chassis.validation.fields import (
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    ListOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Identifiers, Versions

MAX_RULE = 2_000
MAX_WAIT_MS = 60_000
MAX_FILE = 1_000_000
MAX_MEMBERS = 1_000


class DefineRequest(StrictSchema):
    """The argument of `segments.define`: a segment by name, its rule, and what it is for."""

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(longest=1_000, required=True)


class FileRequest(StrictSchema):
    """The argument of `segments.check` and `segments.apply`: the text of a segments.yaml.

    Without it, that of the process that answers is meant.
    """

    file = Text(longest=MAX_FILE)


class SegmentRequest(StrictSchema):
    """A segment by its name."""

    segment = Name(required=True)


class RenameRequest(StrictSchema):
    """The arguments of `segments.rename`: a segment, and the name that it is to have."""

    segment = Name(required=True)
    name = Name(required=True)


class MembersRequest(StrictSchema):
    """The arguments of `segments.members`: `after` is the `next` of the page before."""

    segment = Name(required=True)
    after = Text(longest=64)
    limit = Integer(least=1, most=MAX_MEMBERS)


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


class TranslateRequest(StrictSchema):
    """The argument of `segments.translate`: a rule as text, or as JSON (`rules.language.form`)."""

    rule = Text(longest=MAX_RULE)
    form = JsonObject()

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("rule" in data) == ("form" in data):
            raise ValidationError("give either rule or form", "rule")


class TranslateResponse(StrictSchema):
    """The answer of `segments.translate`: the rule in both forms, and in English.

    `rule` is the text as it came, or as it is written for the JSON that came.
    """

    rule = Text(required=True)
    form = JsonObject(required=True)
    meaning = Text(longest=20_000, required=True)


class BacktestRequest(StrictSchema):
    """The arguments of `segments.backtest`: a rule, or a segment by its name.

    From `since` ago up to `until`, which is now without it, in steps of a duration: "30d" and "1d"
    without them. `first` is the `next` of the page before, which goes with its `until`.
    """

    rule = Text(longest=MAX_RULE)
    segment = Name()
    since = Text(longest=20)
    step = Text(longest=20)
    until = Instant()
    first = Integer(least=0)

    @validates_schema
    def _one_of_them(self, data: Mapping[str, Any], **_kwargs: Any) -> None:
        if ("rule" in data) == ("segment" in data):
            raise ValidationError("give either rule or segment", "rule")


class ExplainRequest(StrictSchema):
    """The arguments of `segments.explain`."""

    profile_id = Text(longest=64, required=True)
    segment = Name(required=True)


class MemberSchema(StrictSchema):
    """A segment that a shopper is in, and since when as far as was known.

    `version` is that of the definition by which the shopper was evaluated.
    """

    segment = Name(required=True)
    since = Instant(required=True)
    version = Integer(least=1)


class StandstillSchema(StrictSchema):
    """Why nobody enters or leaves a segment: a running process cannot read its rule.

    `by` is `this release`, if that is the process that answers, or `another release`. `since` is
    null if no process has noted it yet.
    """

    since = Instant(required=True, allow_none=True)
    by = Choice("this release", "another release", required=True)
    message = Text(longest=10_000, required=True)


class SegmentStandstillSchema(StandstillSchema):
    """The same of a segment by its name."""

    segment = Name(required=True)


class StandstillsResponse(StrictSchema):
    """The answer of `segments.standstills`: the segments that nobody enters or leaves."""

    segments = ListOf(Nested(SegmentStandstillSchema()), required=True)


class MembershipsResponse(StrictSchema):
    """The answer of `segments.memberships`, evaluated at `as_of` over `versions` of the streams.

    `stale`: what `at_least` asked for had not come in time. Of the segments in `unreadable`, the
    memberships are those from before.
    """

    profile_id = Text(required=True)
    segments = ListOf(Nested(MemberSchema()), required=True)
    versions = Versions(required=True)
    stale = Boolean(required=True)
    as_of = Instant(required=True)
    unreadable = ListOf(Nested(SegmentStandstillSchema()))


class SegmentSchema(StrictSchema):
    """A segment in the answers of `segments.list` and `segments.define`.

    `meaning` is the rule in English. While `status` is `backfilling`, some shoppers are still
    members by an earlier version: `done` of `total` have been evaluated by this one. While it is
    `unreadable`, a release cannot read the rule, as `message` and `unreadable` say, and nobody
    enters or leaves.
    `warnings` are likely slips in the rule; those of `define` and `describe` also say what it asks
    for that was never recorded.
    """

    segment = Name(required=True)
    rule = Text(longest=MAX_RULE, required=True)
    description = Text(required=True)
    meaning = Text(longest=20_000, required=True)
    version = Integer(least=1, required=True)
    members = Integer(least=0, required=True)
    status = Choice("live", "backfilling", "unreadable", required=True)
    warnings = ListOf(Text(longest=2_000), required=True)
    done = Integer(least=0)
    total = Integer(least=0)
    message = Text(longest=10_000)
    unreadable = Nested(StandstillSchema())


class SegmentChangeSchema(StrictSchema):
    """What a file does to a segment.

    `added`, `changed` (its rule: a new version), `described` (its words alone) or `unchanged`.
    `missing`: the file does not mention it, and it stays. `warnings` are likely slips in the rule.
    """

    segment = Name(required=True)
    change = Choice("added", "changed", "described", "unchanged", "missing", required=True)
    warnings = ListOf(Text(longest=2_000), required=True)


class SettingChangeSchema(StrictSchema):
    """A setting of `segments.yaml` that changes, with its values as the file would write them."""

    setting = Choice("sensitive", "drift_threshold", required=True)
    before = Text(longest=20_000, required=True)
    after = Text(longest=20_000, required=True)


class FileResponse(StrictSchema):
    """The answer of `segments.check` and `segments.apply`.

    `file` is `in force`, `new`, `was replaced by another`, or `is the release's own, and the shop
    has one of its own in force`, as it stood before. `settings` are those beside the segments that
    change, each with its values as text; a file without a setting sets it back.
    """

    sha256 = Text(required=True)
    file = Text(required=True)
    segments = ListOf(Nested(SegmentChangeSchema()), required=True)
    settings = ListOf(Nested(SettingChangeSchema()))


class ExportResponse(StrictSchema):
    """The answer of `segments.export`: the segments in force, as the text of a segments.yaml."""

    file = Text(longest=10 * MAX_FILE, required=True)


class DeleteResponse(StrictSchema):
    """The answer of `segments.delete`: how many members are about to leave."""

    segment = Name(required=True)
    members = Integer(least=0, required=True)


class PagedMemberSchema(StrictSchema):
    """A member of a segment: since when, and by which version of its definition."""

    profile_id = Text(required=True)
    since = Instant(required=True)
    version = Integer(least=1, required=True)


class BackfillSchema(StrictSchema):
    """How far the evaluation of all shoppers by a new rule has come: `done` of `total`."""

    done = Integer(least=0, required=True)
    total = Integer(least=0, required=True)


class MembersResponse(StrictSchema):
    """The answer of `segments.members`: a page of them, by profile id; `next` is null at the end.

    Who enters or leaves while the pages are read may be in none of them or in one. With
    `unreadable`, they are those from before. The first page has `backfilling` while some shoppers
    are still to be evaluated by the present rule: the members are then not all of them.
    """

    segment = Name(required=True)
    members = ListOf(Nested(PagedMemberSchema()), required=True)
    next = Text(required=True, allow_none=True)
    backfilling = Nested(BackfillSchema())
    unreadable = Nested(StandstillSchema())


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


class BacktestStepSchema(StrictSchema):
    """How many would have been members at an instant, and who came and went in the step before.

    Who came and went within one step is in neither.
    """

    at = Instant(required=True)
    members = Integer(least=0, required=True)
    entries = Integer(least=0, required=True)
    exits = Integer(least=0, required=True)


class BacktestResponse(StrictSchema):
    """The answer of `segments.backtest`: a page of steps, of streams in the profiles of today.

    By `sql` all `profiles` are asked, and it is exact. The `evaluator` folds the events of a
    sample, `evaluated` of them. `next` is null at the end.
    """

    meaning = Text(longest=20_000, required=True)
    method = Choice("sql", "evaluator", required=True)
    evaluated = Integer(least=0, required=True)
    profiles = Integer(least=0, required=True)
    steps = ListOf(Nested(BacktestStepSchema()), required=True)
    next = Integer(least=0, required=True, allow_none=True)
    until = Instant(required=True)
    warnings = ListOf(Text(longest=2_000), required=True)


class ExplainedConditionSchema(StrictSchema):
    """One comparison of a rule, with its values now: `orders() >= 2 (1)`.

    `changes_at` is the earliest instant at which it may change without a new event.
    """

    condition = Text(longest=10_000, required=True)
    holds = Boolean(required=True)
    changes_at = Instant(required=True, allow_none=True)


class SegmentExplainResponse(StrictSchema):
    """The answer of `segments.explain`: each comparison of the rule with its present values.

    `changes_at` is the earliest instant at which the answer may change without a new event. With
    `unreadable`, `member` is what was so before; if this release cannot read it, `why` says so.
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
    conditions = ListOf(Nested(ExplainedConditionSchema()))
    changes_at = Instant(required=True, allow_none=True)
    as_of = Instant(required=True)
    unreadable = Nested(StandstillSchema())


class MembershipChanged(StrictSchema):
    """The data of `segment_entered` and `segment_exited`, whose stream is the profile.

    `reason`: an event, time that went by, streams that moved between profiles (merge), a changed
    definition, or a rebuild, which tells the net change. `as_of` has the version of each of the
    profile's streams. If only the name of a segment has changed, the exit says what it is
    `renamed_to`, and the entry what it is `renamed_from` and `member_since` when, by either name.
    """

    segment = Name(required=True)
    profile_id = Text(required=True)
    definition_version = Integer(least=1, required=True)
    reason = Choice("event", "time", "merge", "definition", "rebuild", required=True)
    as_of = Versions(required=True)
    renamed_from = Name()
    renamed_to = Name()
    member_since = Instant()


class MembershipsSettled(StrictSchema):
    """The data of `memberships_settled`, whose stream is the profile: all segments that it is in.

    It is published when a profile is evaluated for the first time, also when it is in no segment,
    and when streams have moved to it: whoever has it knows them all. `as_of` is as in
    `MembershipChanged`.
    """

    profile_id = Text(required=True)
    segments = ListOf(Nested(MemberSchema), required=True)
    as_of = Versions(required=True)


DEFINE_REQUEST = DefineRequest()
MEMBERSHIPS_REQUEST = MembershipsRequest()
PREVIEW_REQUEST = PreviewRequest()
TRANSLATE_REQUEST = TranslateRequest()
TRANSLATE_RESPONSE = TranslateResponse()
BACKTEST_REQUEST = BacktestRequest()
BACKTEST_RESPONSE = BacktestResponse()
EXPLAIN_REQUEST = ExplainRequest()
FILE_REQUEST = FileRequest()
SEGMENT_REQUEST = SegmentRequest()
RENAME_REQUEST = RenameRequest()
MEMBERS_REQUEST = MembersRequest()
MEMBERSHIPS_RESPONSE = MembershipsResponse()
STANDSTILLS_RESPONSE = StandstillsResponse()
SEGMENT = SegmentSchema()
FILE_RESPONSE = FileResponse()
EXPORT_RESPONSE = ExportResponse()
DELETE_RESPONSE = DeleteResponse()
MEMBERS_RESPONSE = MembersResponse()
PREVIEW_RESPONSE = PreviewResponse()
EXPLAIN_RESPONSE = SegmentExplainResponse()
MEMBERSHIP_CHANGED = MembershipChanged()
MEMBERSHIPS_SETTLED = MembershipsSettled()
