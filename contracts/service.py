"""What every service is asked and what it answers: its log, its dead letters, and whether it is up.

`chassis.service` checks these arguments itself, as it knows no contracts.
"""

from __future__ import annotations

from contracts.cloudevent import MAX_VERSION, CloudEvent
from contracts.fields import Each, Flag, Instant, Name, Part, Text, Versions, Whole
from contracts.schema import Contract

MAX_PAGE = 1_000
_PAGE = 500


class Nothing(Contract):
    """No arguments."""


class Place(Contract):
    """A stream, and the version after which its events are asked for."""

    stream = Text(required=True)
    after = Whole(least=0, most=MAX_VERSION, load_default=0)


class HistoryRequest(Contract):
    """The arguments of `history`."""

    streams = Each(Part(Place()), most=MAX_PAGE, required=True)
    limit = Whole(least=1, most=MAX_PAGE, load_default=_PAGE)


class History(Contract):
    """The answer of `history`: events sorted by stream and version, as they were recorded."""

    events = Each(Part(CloudEvent()), required=True)


class HeadsRequest(Contract):
    """The arguments of `streams`: the place of the page before, 0 and a blank for the first."""

    changed_since = Whole(least=0, load_default=0)
    after = Text(shortest=0, load_default="")
    limit = Whole(least=1, most=MAX_PAGE, load_default=_PAGE)


class Head(Contract):
    """A stream's last version, and when it was recorded, in microseconds since the epoch."""

    stream = Text(required=True)
    version = Whole(least=1, required=True)
    changed_at = Whole(required=True)


class Heads(Contract):
    """The answer of `streams`: heads in order of change."""

    streams = Each(Part(Head()), required=True)


class BehindRequest(Contract):
    """The arguments of `behind`: places in the log of `source`, `{stream: version}`."""

    source = Name(required=True)
    places = Versions(required=True)


class Behind(Contract):
    """The answer of `behind`: the streams that have not come as far, each where it stands."""

    behind = Versions(required=True)


class DeadLettersRequest(Contract):
    """The arguments of `dead_letters`; `redriven` adds those that were driven again."""

    limit = Whole(least=1, most=MAX_PAGE, load_default=50)
    redriven = Flag(load_default=False)


class DeadLetterRequest(Contract):
    """The argument of `dead_letter` and `redrive`."""

    id = Text(required=True)


class DeadLetter(Contract):
    """What could not be applied, where it came from and why; null where it could not be read."""

    id = Text(required=True)
    source = Text(required=True)
    streams = Each(Text(), required=True)
    version = Whole(required=True, allow_none=True)
    event_id = Text(required=True, allow_none=True)
    type = Text(required=True, allow_none=True)
    reason = Text(required=True)
    died_at = Instant(required=True)
    redriven_at = Instant(required=True, allow_none=True)


class Pong(Contract):
    """The answer of `ping`: the service and what its clock says."""

    service = Name(required=True)
    now = Instant(required=True)
