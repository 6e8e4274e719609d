"""The facts of identity: which streams have moved to which profile."""

from __future__ import annotations

from contracts.cloudevent import MAX_VERSION, CloudEvent
from contracts.fields import Each, Name, Part, Text, Whole
from contracts.identity import ResolutionContract, TenureContract
from contracts.schema import Contract


class Move(Contract):
    """Where a stream is since; `version` is that of the fact's copy in the stream.

    `epoch` grows with each move of the stream: the highest one wins. `identifiers` are the keys
    that lead to the stream today.
    """

    stream = Text(required=True)
    version = Whole(least=1, most=MAX_VERSION, required=True)
    profile_id = Text(required=True)
    epoch = Whole(least=1, required=True)
    identifiers = Each(Part(TenureContract()), required=True)


class IdentityChanged(Contract):
    """The data of `identity_changed`: all streams that one fact has moved, sorted by stream.

    `fact_id` is the same in every copy of the fact. `reason` says what happened, in one word:
    `created`, `linked`, `merged`, `separated`, `tenure_opened`, `verified`, `split`; there may be
    more. `note` is what a support desk gave as its reason.
    """

    reason = Name(required=True)
    note = Text()
    fact_id = Text(required=True)
    streams = Each(Part(Move()), fewest=1, required=True)


class Resolved(Contract):
    """The answer of `identity.resolve`.

    `facts` are events of identity's log that this call appended, one copy of each fact.
    """

    resolutions = Each(Part(ResolutionContract()), required=True)
    facts = Each(Part(CloudEvent()), required=True)
