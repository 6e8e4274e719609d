"""The facts of identity: which streams have moved to which profile."""

from __future__ import annotations

from chassis.validation.fields import Integer, ListOf, Name, Nested, Text
from chassis.validation.schema import StrictSchema
from contracts.common import MAX_VERSION, CloudEvent
from contracts.identity.calls import ResolutionSchema, TenureSchema


class StreamMoveSchema(StrictSchema):
    """Where a stream is since; `version` is that of the fact's copy in the stream.

    `epoch` grows with each move of the stream: the highest one wins. `identifiers` are the keys
    that lead to the stream today.
    """

    stream = Text(required=True)
    version = Integer(least=1, most=MAX_VERSION, required=True)
    profile_id = Text(required=True)
    epoch = Integer(least=1, required=True)
    identifiers = ListOf(Nested(TenureSchema()), required=True)


class IdentityChanged(StrictSchema):
    """The data of `identity_changed`: all streams that one fact has moved, sorted by stream.

    `fact_id` is the same in every copy of the fact. `reason` says what happened, in one word:
    `created`, `linked`, `merged`, `separated`, `tenure_opened`, `verified`, `split`, `redrawn`;
    there may be more. `note` is what a support desk gave as its reason.
    """

    reason = Name(required=True)
    note = Text()
    fact_id = Text(required=True)
    streams = ListOf(Nested(StreamMoveSchema()), fewest=1, required=True)


class ResolveResponse(StrictSchema):
    """The answer of `identity.resolve`.

    `facts` are events of identity's log that this call appended, one copy of each fact.
    """

    resolutions = ListOf(Nested(ResolutionSchema()), required=True)
    facts = ListOf(Nested(CloudEvent()), required=True)
