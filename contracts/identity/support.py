"""Requests and responses of identity that a support desk uses."""

from __future__ import annotations

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
from contracts.fields import Identifiers
from contracts.identity.calls import TenureSchema
from contracts.profiles import KnownIdentifierSchema

REVIEW_KINDS = ("merge_refused", "at_a_limit", "shared_device")
MAX_NOTE = 500
_MANY = 1_000_000


class _Split(StrictSchema):
    profile_id = Text(longest=64, required=True)
    reason = Text(longest=MAX_NOTE, required=True)
    dry_run = Boolean(load_default=False)


class SplitByValueRequest(_Split):
    """The arguments of `identity.split`; `identifiers` are {type: plain value}."""

    identifiers = Identifiers(required=True)


class SplitByKeyRequest(_Split):
    """The same with the keys that `describe` shows."""

    identifiers = ListOf(Text(longest=80), fewest=1, required=True)


class MergeRequest(StrictSchema):
    """The arguments of `identity.merge`: two profiles, by any id that they ever had."""

    a = Text(longest=64, required=True)
    b = Text(longest=64, required=True)
    reason = Text(longest=MAX_NOTE, required=True)
    dry_run = Boolean(load_default=False)


class RedrawRequest(StrictSchema):
    """The arguments of `identity.redraw`: so many profiles past `after`, in their order."""

    after = Text(longest=64, shortest=0, load_default="")
    limit = Integer(least=1, most=1_000, load_default=100)
    dry_run = Boolean(load_default=False)


class ReviewRequest(StrictSchema):
    """The arguments of `identity.review`.

    `done` is the id of an entry to take off the list, `done_by` the name of who does.
    `include_done` lists those that are off, too.
    """

    kind = Choice(*REVIEW_KINDS)
    limit = Integer(least=1, most=1_000, load_default=100)
    done = Text(longest=64)
    done_by = Text(longest=100)
    include_done = Boolean(load_default=False)


class RepairedProfileSchema(StrictSchema):
    """A profile as it was, or as it is or would be after a split or a merge.

    A dry run shows `profile` (as `profiles.get` does), the names of its `segments`, and by offer
    what is used of its `caps` (as `offers.preview_caps` does; null if offers does not answer).
    """

    profile_id = Text(required=True)
    streams = ListOf(Text(), most=_MANY, required=True)
    identifiers = ListOf(Nested(KnownIdentifierSchema()), most=_MANY, required=True)
    profile = JsonObject()
    segments = ListOf(Text())
    caps = JsonObject(allow_none=True)


class RepairResponse(StrictSchema):
    """The answer of `identity.split` and `identity.merge`; no `fact_id`: nothing was changed."""

    dry_run = Boolean(required=True)
    fact_id = Text(required=True, allow_none=True)
    before = ListOf(Nested(RepairedProfileSchema()), required=True)
    after = ListOf(Nested(RepairedProfileSchema()), required=True)


class RedrawResponse(StrictSchema):
    """The answer of `identity.redraw`: of the `checked` profiles those that change, as by a split.

    `after` is where the next call begins; null: there are no more.
    """

    checked = Integer(least=0, required=True)
    profiles = ListOf(Nested(RepairResponse()), required=True)
    after = Text(required=True, allow_none=True)


class ExplainedMoveSchema(StrictSchema):
    """A stream that a fact moved; `came_from` is null for one that is new."""

    stream = Text(required=True)
    profile_id = Text(required=True)
    came_from = Text(required=True, allow_none=True)
    identifiers = ListOf(Nested(TenureSchema()), required=True)


class ExplainedFactSchema(StrictSchema):
    """A fact of a profile's history; `event_id` is what showed it, `note` why a desk decided it."""

    fact_id = Text(required=True)
    at = Instant(required=True)
    reason = Name(required=True)
    note = Text(required=True, allow_none=True)
    event_id = Text(required=True, allow_none=True)
    moves = ListOf(Nested(ExplainedMoveSchema()), most=_MANY, required=True)


class IdentityExplainResponse(StrictSchema):
    """The answer of `identity.explain`: how a profile came to be, the oldest fact first."""

    profile_id = Text(required=True)
    requested = Text(required=True)
    happened = ListOf(Nested(ExplainedFactSchema()), most=_MANY, required=True)


class ReviewEntrySchema(StrictSchema):
    """An entry of the review list.

    `subject` is a profile, or the key of a device; `about` is the key of what was refused, or the
    type of an identifier. An entry that is off the list has `done_at` and `done_by`.
    """

    id = Text(required=True)
    kind = Choice(*REVIEW_KINDS, required=True)
    subject = Text(required=True)
    about = Text(required=True)
    reason = Text(required=True)
    event_id = Text(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)
    done_at = Instant()
    done_by = Text(allow_none=True)


SPLIT_BY_VALUE_REQUEST = SplitByValueRequest()
SPLIT_BY_KEY_REQUEST = SplitByKeyRequest()
MERGE_REQUEST = MergeRequest()
REDRAW_REQUEST = RedrawRequest()
REVIEW_REQUEST = ReviewRequest()
