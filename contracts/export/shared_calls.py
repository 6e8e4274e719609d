"""The calls that every service answers: the chassis has them."""

from __future__ import annotations

from chassis.validation.fields import ListOf, Nested
from contracts import common
from contracts.export.entries import EVERY, Call

_NOTHING = common.NoArguments()
SHARED_CALLS = (
    Call(
        EVERY,
        "history",
        "Events of this service's log, of each stream past a version.",
        common.HistoryRequest(),
        common.HistoryResponse(),
    ),
    Call(
        EVERY,
        "streams",
        "Heads of this log's streams in order of change, a page at a time.",
        common.StreamsRequest(),
        common.StreamsResponse(),
    ),
    Call(
        EVERY,
        "heads",
        "Heads of this log's streams in the order of the database's transactions, or of some.",
        common.HeadsRequest(),
        common.HeadsResponse(),
    ),
    Call(
        EVERY,
        "ahead",
        "Streams of another log that was restored to less than this service has applied.",
        common.AheadRequest(),
        common.AheadResponse(),
    ),
    Call(
        EVERY,
        "behind",
        "Where this service has not followed another one's log as far as some places in it.",
        common.BehindRequest(),
        common.BehindResponse(),
    ),
    Call(
        EVERY,
        "dead_letters",
        "The newest dead letters of this service.",
        common.DeadLettersRequest(),
        ListOf(Nested(common.DeadLetterSchema())),
    ),
    Call(
        EVERY,
        "dead_letter",
        "One dead letter.",
        common.DeadLetterRequest(),
        common.DeadLetterSchema(),
    ),
    Call(
        EVERY,
        "redrive",
        "Try the streams that a dead letter halted again.",
        common.RedriveRequest(),
        common.DeadLetterSchema(),
    ),
    Call(
        EVERY,
        "redrive_all",
        "Try the streams of many dead letters again, a page at a time.",
        common.RedriveAllRequest(),
        common.RedriveAllResponse(),
    ),
    Call(
        EVERY,
        "halted",
        "The streams of a source that are halted here, a page at a time.",
        common.HaltedRequest(),
        common.HaltedResponse(),
    ),
    Call(
        EVERY,
        "ping",
        "That the service is up and reaches its database, and what its clock says.",
        _NOTHING,
        common.PingResponse(),
    ),
    Call(
        EVERY,
        "status",
        "How the service is: its tables, lag, dead letters, outbox and processes.",
        _NOTHING,
        common.StatusResponse(),
    ),
)
