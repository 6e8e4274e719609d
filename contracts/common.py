"""What services share: the form of an event, and the calls that every service answers.

`chassis.runtime.service` checks the arguments of those calls itself, as it knows no contracts.
"""

from __future__ import annotations

from chassis.validation.fields import (
    Boolean,
    Choice,
    Instant,
    Integer,
    JsonObject,
    JsonValue,
    ListOf,
    Name,
    Nested,
    Text,
)
from chassis.validation.schema import StrictSchema
from contracts.fields import Versions

MAX_VERSION = 2**31 - 1
MAX_PAGE = 1_000
MAX_REASON = 500
_PAGE = 500


class CloudEvent(StrictSchema):
    """An event of a service's log.

    `subject` is its stream and `sequence` its version there, counted from 1. `time` is when it
    happened and `recordedtime` when it was recorded. `schemaversion` is the version of `data`.
    `joint`: a copy of one fact that was told to several streams, which `data.streams` lists.
    `traceparent` is the W3C trace context of the call that led to it, if that call had one.
    `incarnation` is that of the log, if it was once restored from a backup: versions that it had
    given before stand for other events since.

    `origin` is `browser` for what a browser told, and not the shop. `unproven`: nothing shows that
    the shopper has to do with it. `arrival` is when it was received and its place in the call,
    `microseconds/place`: of two events of one instant the one that arrived later wins. `orderhome`
    is the stream where the order is at home that the event tells of, if that is another one.
    `orderapart`: the event tells of an order, or of points for one, whose id stood for another
    order before, and which is its own by its home: `orderhome`, or else the event's own stream.
    `address` is the key of the first contact (an e-mail address, a phone number) that the event was
    told with. `contacts` are the keys by which all its contacts count for caps, apart by blanks:
    without an alias. Without it, `address` is the only one.
    """

    specversion = Choice("1.0", required=True)
    id = Text(required=True)
    source = Text(required=True)
    type = Name(required=True)
    subject = Text(required=True)
    time = Instant(required=True)
    datacontenttype = Choice("application/json", required=True)
    sequence = Integer(least=1, most=MAX_VERSION, required=True)
    recordedtime = Instant(required=True)
    schemaversion = Integer(least=1, required=True)
    data = JsonObject(required=True)
    profileid = Text()
    correlationid = Text()
    causationid = Text()
    traceparent = Text()
    joint = Boolean()
    origin = Text()
    unproven = Boolean()
    arrival = Text()
    orderhome = Text()
    orderapart = Boolean()
    address = Text()
    contacts = Text()
    incarnation = Integer(least=2, most=MAX_VERSION)


class IgnoredIdentifierSchema(StrictSchema):
    """An identifier that was not used, and why."""

    type = Text(required=True)
    reason = Text(required=True)


class StreamSetsRequest(StrictSchema):
    """The argument of `profiles.preview` and `segments.preview_streams`: sets of streams."""

    stream_sets = ListOf(ListOf(Text(longest=64), most=2_000), most=10, required=True)


class NoArguments(StrictSchema):
    """No arguments."""


class HistoryPositionSchema(StrictSchema):
    """A stream, and the version after which its events are asked for."""

    stream = Text(required=True)
    after = Integer(least=0, most=MAX_VERSION, load_default=0)


class HistoryRequest(StrictSchema):
    """The arguments of `history`."""

    streams = ListOf(Nested(HistoryPositionSchema()), most=MAX_PAGE, required=True)
    limit = Integer(least=1, most=MAX_PAGE, load_default=_PAGE)


class HistoryResponse(StrictSchema):
    """The answer of `history`: events sorted by stream and version, as they were recorded."""

    events = ListOf(Nested(CloudEvent()), required=True)


class StreamsRequest(StrictSchema):
    """The arguments of `streams`: the place of the page before, 0 and a blank for the first."""

    changed_since = Integer(least=0, load_default=0)
    after = Text(shortest=0, load_default="")
    limit = Integer(least=1, most=MAX_PAGE, load_default=_PAGE)


class HeadSchema(StrictSchema):
    """A stream's last version, and when it was recorded, in microseconds since the epoch."""

    stream = Text(required=True)
    version = Integer(least=1, required=True)
    changed_at = Integer(required=True)


class StreamsResponse(StrictSchema):
    """The answer of `streams`: heads in order of change."""

    streams = ListOf(Nested(HeadSchema()), required=True)


class HeadCursorSchema(StrictSchema):
    """A place in the order of heads: that of the last head before.

    `incarnation` and `changed_in` are its incarnation and its transaction.
    """

    incarnation = Integer(least=1, most=MAX_VERSION, load_default=1)
    changed_in = Integer(least=0, required=True)
    stream = Text(shortest=0, required=True)


class HeadsRequest(StrictSchema):
    """The arguments of `heads`: the place after which to go on, or the streams that are asked for.

    Without `after` the first page.
    """

    after = Nested(HeadCursorSchema(), allow_none=True, load_default=None)
    streams = ListOf(Text(), most=MAX_PAGE, allow_none=True, load_default=None)
    limit = Integer(least=1, most=MAX_PAGE, load_default=_PAGE)


class OrderedHeadSchema(StrictSchema):
    """A stream's last version, and the number of the database's transaction that gave it.

    `incarnation` is that of the log in which it did. `restored_to` is the version at which the
    present incarnation of the log began for it; 0 for a log that was never restored, and for later
    streams.
    """

    stream = Text(required=True)
    version = Integer(least=1, required=True)
    changed_in = Integer(least=0, required=True)
    incarnation = Integer(least=1, most=MAX_VERSION)
    restored_to = Integer(least=0, required=True)


class HeadsResponse(StrictSchema):
    """The answer of `heads`: heads in the order of incarnations and of the database's transactions.

    Before `horizon` nothing changes any more: a caller goes on from there at most. `incarnation`
    is another one after a restore from a backup.
    """

    streams = ListOf(Nested(OrderedHeadSchema()), required=True)
    horizon = Integer(least=0, required=True)
    incarnation = Integer(least=1, required=True)


class AheadRequest(StrictSchema):
    """The arguments of `ahead`: a source, and the last stream of the page before."""

    source = Name(required=True)
    after = Text(shortest=0, load_default="")
    limit = Integer(least=1, most=MAX_PAGE, load_default=_PAGE)


class AheadStreamSchema(StrictSchema):
    """A stream of which this service has applied more than the restored source has.

    Both agree up to the version `restored_to`.
    """

    stream = Text(required=True)
    version = Integer(least=1, required=True)
    restored_to = Integer(least=0, required=True)


class AheadResponse(StrictSchema):
    """The answer of `ahead`: streams in their order.

    `incarnation` is that of the source's log which positions were compared with, 0 while they are.
    """

    incarnation = Integer(least=0, required=True)
    streams = ListOf(Nested(AheadStreamSchema()), required=True)


class BehindRequest(StrictSchema):
    """The arguments of `behind`: places in the log of `source`, `{stream: version}`."""

    source = Name(required=True)
    places = Versions(required=True)


class BehindResponse(StrictSchema):
    """The answer of `behind`: the streams that have not come as far, each where it stands."""

    behind = Versions(required=True)


class DeadLettersRequest(StrictSchema):
    """The arguments of `dead_letters`; `redriven` adds those that were driven again."""

    limit = Integer(least=1, most=MAX_PAGE, load_default=50)
    redriven = Boolean(load_default=False)


class DeadLetterRequest(StrictSchema):
    """The argument of `dead_letter`."""

    id = Text(required=True)


class RedriveRequest(DeadLetterRequest):
    """The arguments of `redrive`; `reason` is kept in the letter."""

    reason = Text(longest=MAX_REASON, allow_none=True)


class RedriveAllRequest(StrictSchema):
    """The arguments of `redrive_all`: a page of the dead letters of a source and an event type.

    `after` and `until` are `last` and `until` of the page before.
    """

    reason = Text(longest=MAX_REASON, required=True)
    source = Text(allow_none=True)
    type = Text(allow_none=True)
    limit = Integer(least=1, most=MAX_PAGE, load_default=100)
    after = Text(shortest=0, load_default="")
    until = Text(shortest=0, allow_none=True)


class RedriveAllResponse(StrictSchema):
    """The answer of `redrive_all`: the letters and streams of this page, and what remains."""

    letters = Integer(least=0, required=True)
    streams = Integer(least=0, required=True)
    remaining = Integer(least=0, required=True)
    last = Text(shortest=0, required=True)
    until = Text(shortest=0, required=True)


class HaltedRequest(StrictSchema):
    """The arguments of `halted`: a source, and the last stream of the page before."""

    source = Name(required=True)
    after = Text(shortest=0, load_default="")
    limit = Integer(least=1, most=MAX_PAGE, load_default=_PAGE)


class HaltedResponse(StrictSchema):
    """The answer of `halted`: halted streams in their order."""

    streams = ListOf(Text(), required=True)


class DeadLetterSchema(StrictSchema):
    """What could not be applied, where it came from and why; null where it could not be read."""

    id = Text(required=True)
    source = Text(required=True)
    streams = ListOf(Text(), required=True)
    version = Integer(required=True, allow_none=True)
    event_id = Text(required=True, allow_none=True)
    type = Text(required=True, allow_none=True)
    reason = Text(required=True)
    died_at = Instant(required=True)
    redriven_at = Instant(required=True, allow_none=True)
    redrive_reason = Text()


class PingResponse(StrictSchema):
    """The answer of `ping`: the service and what its clock says."""

    service = Name(required=True)
    now = Instant(required=True)


class SchemaRevisionSchema(StrictSchema):
    """The revision of a database's tables, and the one that the release was made for."""

    revision = Text(required=True, allow_none=True)
    expected = Text(required=True, allow_none=True)


class ComparisonSchema(StrictSchema):
    """The last comparison with a source's heads; `incarnation` is that of the log compared with."""

    source = Name(required=True)
    incarnation = Integer(least=1, required=True)
    age_ms = Integer(least=0, required=True, allow_none=True)


class GaugeSchema(StrictSchema):
    """A gauge that `/metrics` reads from the database, without its label `service`."""

    name = Name(required=True)
    labels = JsonObject(required=True)
    value = JsonValue(required=True)


class ReplicaSchema(StrictSchema):
    """A process of the service, as it described itself `seen_ms` milliseconds ago.

    `configuration` has the SHA-256 of each configuration file that it has read. `skew_ms` is
    how far its clock is ahead of the database's.
    """

    id = Text(required=True)
    host = Text(required=True)
    pid = Integer(required=True)
    role = Name(required=True)
    release = Text(required=True)
    configuration = JsonObject(required=True)
    skew_ms = Integer(required=True)
    broker_connected = Boolean(required=True)
    started_at = Instant(required=True)
    seen_ms = Integer(least=0, required=True)


class OutageSchema(StrictSchema):
    """A kind of failure that keeps events of `source` from being applied, whatever comes."""

    source = Name(required=True)
    failure = Text(required=True)


class StatusResponse(StrictSchema):
    """The answer of `status`: how a service is, for those who operate it.

    `release` and `replica` are those of the process that answers, `calls_expired` is how many calls
    it has dropped within the last minute, and `outages` are those that it sees. `now` is the
    database's clock. With `restore_unconfirmed` the service refuses to use its log, which lies
    elsewhere than before, until an operator confirms that it was restored. `write_problem` says
    why it cannot write to its tables.
    """

    service = Name(required=True)
    release = Text(required=True)
    replica = Text(required=True)
    calls_expired = Integer(least=0)
    outages = ListOf(Nested(OutageSchema()))
    now = Instant(required=True)
    schema = Nested(SchemaRevisionSchema(), required=True)
    incarnation = Integer(least=1, required=True)
    restore_unconfirmed = Boolean()
    write_problem = Text(allow_none=True)
    comparisons = ListOf(Nested(ComparisonSchema()), required=True)
    newest_dead_letter = Text(required=True, allow_none=True)
    gauges = ListOf(Nested(GaugeSchema()), required=True)
    replicas = ListOf(Nested(ReplicaSchema()), required=True)


STREAM_SETS_REQUEST = StreamSetsRequest()
