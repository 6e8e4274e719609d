"""What a support desk asks of identity, and what it is answered."""

from __future__ import annotations

from contracts.fields import Choice, Each, Flag, Free, Identifiers, Instant, Name, Part, Text, Whole
from contracts.identity import TenureContract
from contracts.profiles import KnownIdentifier
from contracts.schema import Contract

REVIEW_KINDS = ("merge_refused", "at_a_limit", "shared_device")
MAX_NOTE = 500
_MANY = 1_000_000


class _Split(Contract):
    profile_id = Text(longest=64, required=True)
    reason = Text(longest=MAX_NOTE, required=True)
    dry_run = Flag(load_default=False)


class SplitByValue(_Split):
    """The arguments of `identity.split`; `identifiers` are {type: plain value}."""

    identifiers = Identifiers(required=True)


class SplitByKey(_Split):
    """The same with the keys that `describe` shows."""

    identifiers = Each(Text(longest=80), fewest=1, required=True)


class MergeContract(Contract):
    """The arguments of `identity.merge`: two profiles, by any id that they ever had."""

    a = Text(longest=64, required=True)
    b = Text(longest=64, required=True)
    reason = Text(longest=MAX_NOTE, required=True)
    dry_run = Flag(load_default=False)


class ReviewContract(Contract):
    """The arguments of `identity.review`."""

    kind = Choice(*REVIEW_KINDS)
    limit = Whole(least=1, most=1_000, load_default=100)
    done = Text(longest=64)


class StreamSets(Contract):
    """The argument of `profiles.preview` and `segments.preview_streams`: sets of streams."""

    stream_sets = Each(Each(Text(longest=64), most=2_000), most=10, required=True)


class RepairedProfile(Contract):
    """A profile as it was, or as it is or would be after a split or a merge.

    A dry run shows `profile` (as `profiles.get` does), the names of its `segments` and its `caps`.
    """

    profile_id = Text(required=True)
    streams = Each(Text(), most=_MANY, required=True)
    identifiers = Each(Part(KnownIdentifier()), most=_MANY, required=True)
    profile = Free()
    segments = Each(Text())
    caps = Free(allow_none=True)


class Repaired(Contract):
    """The answer of `identity.split` and `identity.merge`; no `fact_id`: nothing was changed."""

    dry_run = Flag(required=True)
    fact_id = Text(required=True, allow_none=True)
    before = Each(Part(RepairedProfile()), required=True)
    after = Each(Part(RepairedProfile()), required=True)


class MoveContract(Contract):
    """A stream that a fact moved; `came_from` is null for one that is new."""

    stream = Text(required=True)
    profile_id = Text(required=True)
    came_from = Text(required=True, allow_none=True)
    identifiers = Each(Part(TenureContract()), required=True)


class Happening(Contract):
    """A fact of a profile's history; `event_id` is what showed it, `note` why a desk decided it."""

    fact_id = Text(required=True)
    at = Instant(required=True)
    reason = Name(required=True)
    note = Text(required=True, allow_none=True)
    event_id = Text(required=True, allow_none=True)
    moves = Each(Part(MoveContract()), most=_MANY, required=True)


class History(Contract):
    """The answer of `identity.explain`: how a profile came to be, the oldest fact first."""

    profile_id = Text(required=True)
    requested = Text(required=True)
    happened = Each(Part(Happening()), most=_MANY, required=True)


class Review(Contract):
    """An entry of the review list.

    `subject` is a profile, or the key of a device; `about` is the key of what was refused, or the
    type of an identifier.
    """

    id = Text(required=True)
    kind = Choice(*REVIEW_KINDS, required=True)
    subject = Text(required=True)
    about = Text(required=True)
    reason = Text(required=True)
    event_id = Text(required=True)
    first_at = Instant(required=True)
    last_at = Instant(required=True)


SPLIT_BY_VALUE = SplitByValue()
SPLIT_BY_KEY = SplitByKey()
MERGE = MergeContract()
REVIEW = ReviewContract()
STREAM_SETS = StreamSets()
