"""A service on nameko: the base class, its entry points and its dependencies."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from chassis.config.settings import Settings
from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import InvalidInput, Unavailable
from chassis.core.event import is_name
from chassis.core.instants import format_instant
from chassis.core.upcasting import Upcasters
from chassis.eventlog.incarnation import FIRST
from chassis.eventlog.log import FIRST_HEADS, HeadCursor
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.observability.gauges import GaugeQuery
from chassis.observability.metrics import count_recently_expired, list_outages
from chassis.observability.replicas import Replica
from chassis.observability.status import newest_revision, read_status
from chassis.projections import dead_letters
from chassis.projections.inbox import Inbox
from chassis.projections.positions import ahead_streams, halted_page
from chassis.projections.reconciliation import applicable_incarnation
from chassis.runtime.http_door import http
from chassis.runtime.log_follower import FollowedLog
from chassis.runtime.providers import (
    AtStart,
    Background,
    LogProvider,
    Resource,
    SettingsProvider,
    UnitOfWorkProvider,
    every,
    everywhere,
)
from chassis.runtime.remote import Remote
from chassis.runtime.replica import ReplicaProvider
from chassis.runtime.rpc import rpc
from chassis.runtime.subscriber import Subscribe, subscribe

__all__ = [
    "AtStart",
    "Background",
    "FollowedLog",
    "Remote",
    "Resource",
    "Service",
    "every",
    "everywhere",
    "http",
    "rpc",
    "subscribe",
]

T = TypeVar("T")
_MOST_EVENTS = 1_000
_MOST_STREAMS = 1_000
_LONGEST_SENTENCE = 500
_STATUS_SECONDS = 2.5  # `cdp doctor` waits a little longer


class Service:
    """The base of every service: its log can be read, and its dead letters can be redriven."""

    name: ClassVar[str]
    upcasters: ClassVar[Upcasters] = Upcasters()
    restores_are_confirmed: ClassVar[bool] = False  # see `chassis.eventlog.incarnation`
    publish_pause: ClassVar[float] = 0.02  # seconds: what comes meanwhile is published together
    gauges: ClassVar[Sequence[GaugeQuery]] = ()  # of the service's own tables
    readiness_notes: ClassVar[Sequence[Callable[[UnitOfWork], str | None]]] = ()
    configuration: ClassVar[Sequence[Path]] = ()  # files that it reads, as they are shipped

    work: UnitOfWorkRunner = UnitOfWorkProvider()
    settings: Settings = SettingsProvider()
    log: Any = LogProvider()
    replica: Replica = ReplicaProvider()

    @rpc
    def history(self, streams: Any, limit: Any = 500) -> dict[str, Any]:
        """Events of this service's log, sorted: `streams` lists {stream, after}."""
        after = _places(streams)
        most = _bounded("limit", limit, _MOST_EVENTS)
        events = self.work.read(lambda unit: unit.raw_history(after, most))
        return {"events": [event.to_wire() for event in events]}

    @rpc
    def streams(self, changed_since: Any = 0, after: Any = "", limit: Any = 500) -> dict[str, Any]:
        """Heads of this log after (`changed_since` µs, `after`), by the clocks of those who wrote.

        For followers of an earlier release; `heads` has an order in which none is missed.
        """
        since = _bounded("changed_since", changed_since, 2**63 - 1, 0)
        last = _text("after", after)
        most = _bounded("limit", limit, _MOST_STREAMS)
        heads = self.work.read(lambda unit: unit.dated_heads(since, last, most))
        return {
            "streams": [
                {"stream": h.stream, "version": h.version, "changed_at": h.changed_at}
                for h in heads
            ]
        }

    @rpc
    def heads(self, after: Any = None, streams: Any = None, limit: Any = 500) -> dict[str, Any]:
        """Heads of this log after a place, in the order of the database's transactions.

        `after` is {incarnation, changed_in, stream} of the last head before, null at first. With
        `streams`, a list, the heads of those that the log has. Before the `horizon` nothing changes
        any more.
        """
        most = _bounded("limit", limit, _MOST_STREAMS)
        if streams is None:
            cursor = _cursor(after)
            page = self.work.read(lambda unit: unit.heads(cursor, most))
        else:
            names = _names("streams", streams)
            page = self.work.read(lambda unit: unit.heads_of(names))
        return {
            "streams": [asdict(head) for head in page.heads],
            "horizon": page.horizon,
            "incarnation": page.incarnation,
        }

    @rpc
    def ahead(self, source: Any, after: Any = "", limit: Any = 500) -> dict[str, Any]:
        """The streams of `source` past `after` of which it has lost what this service has applied.

        A source that was restored from a backup agrees with us up to the version `restored_to`.
        `incarnation` is that of its log which positions were compared with, 0 while they are.
        """
        followed, last = _text("source", source), _text("after", after)
        most = _bounded("limit", limit, _MOST_STREAMS)
        rows = self.work.read(lambda unit: ahead_streams(unit, followed, last, most))
        known = self.work.read(lambda unit: applicable_incarnation(unit, followed))
        return {
            "incarnation": known,
            "streams": [
                {"stream": r.stream_id, "version": r.version, "restored_to": r.restored_to}
                for r in rows
            ],
        }

    @rpc
    def behind(self, source: Any, places: Any) -> dict[str, Any]:
        """The streams of `source` in which this service lags behind `places`: `{stream: version}`.

        The response has the versions that it has applied. Halted streams are left out.
        """
        followed = _text("source", source)
        wanted = _versions(places)
        return {"behind": Inbox(self.work, followed).lagging(wanted)}

    @rpc
    def dead_letters(self, limit: Any = 50, redriven: Any = False) -> list[dict[str, Any]]:
        """The newest dead letters of this service."""
        most = _bounded("limit", limit, _MOST_EVENTS)
        if not isinstance(redriven, bool):
            raise InvalidInput("redriven", "must be true or false")
        return self.work.read(
            lambda unit: dead_letters.list_dead_letters(unit, most, include_redriven=redriven)
        )

    @rpc
    def dead_letter(self, id: Any) -> dict[str, Any]:  # noqa: A002 - the argument's public name
        """One dead letter."""
        letter = _text("id", id)
        return self.work.read(lambda unit: dead_letters.load_dead_letter(unit, letter))

    @rpc
    def redrive(
        self,
        id: Any,  # noqa: A002 - the argument's public name
        reason: Any = None,
    ) -> dict[str, Any]:
        """Try the streams that a dead letter halted again; `reason` is kept in the letter."""
        letter = _text("id", id)
        why = None if reason is None else _sentence("reason", reason)
        return self.work.run(lambda unit: dead_letters.redrive(unit, letter, why))

    @rpc
    def redrive_all(
        self,
        reason: Any,
        source: Any = None,
        type: Any = None,  # noqa: A002 - the argument's public name
        limit: Any = 100,
        after: Any = "",
        until: Any = None,
    ) -> dict[str, Any]:
        """Redrive dead letters, a page at a time: of a source, and of a type of events, if given.

        The response has `last` and `until`: as `after` and `until` they lead to the next page, and
        what halts again meanwhile is left out.
        """
        why = _sentence("reason", reason)
        of_source = None if source is None else _text("source", source)
        of_type = None if type is None else _text("type", type)
        most = _bounded("limit", limit, _MOST_STREAMS)
        start = _text("after", after)
        end = None if until is None else _text("until", until)

        def page(unit: UnitOfWork) -> dict[str, Any]:
            last = dead_letters.newest_dead_letter(unit) if end is None else end
            redriven = dead_letters.redrive_page(
                unit, why, most, source=of_source, type=of_type, after=start, until=last
            )
            return {**asdict(redriven), "until": last}

        return self.work.run(page)

    @rpc
    def halted(self, source: Any, after: Any = "", limit: Any = 500) -> dict[str, Any]:
        """The streams of `source` that are halted here, past `after`, in order."""
        followed = _text("source", source)
        start = _text("after", after)
        most = _bounded("limit", limit, _MOST_STREAMS)
        page = self.work.read(lambda unit: halted_page(unit, followed, start, most))
        return {"streams": page}

    @rpc
    def ping(self) -> dict[str, Any]:
        """Shows that the service runs and reaches its database, and the time of its clock."""
        return self.work.read(lambda unit: {"service": self.name, "now": format_instant(unit.now)})

    @rpc
    def status(self) -> dict[str, Any]:
        """How this service is: schema, lag, dead letters, outbox, and its processes.

        Unavailable if its database takes longer than a few seconds.
        """
        migrations = Path(inspect.getfile(type(self))).with_name("migrations")
        expected = newest_revision(migrations)
        sources = [each.source_name for each in _entry_points(type(self), Subscribe)]
        read = partial(
            read_status,
            expected_revision=expected,
            sources=sources,
            queries=type(self).gauges,
        )
        try:
            state = run_within(_STATUS_SECONDS, lambda: self.work.read(read))
        except DeadlineExceeded:
            raise Unavailable("database", "takes too long to say how it is") from None
        return {
            "service": self.name,
            "release": self.replica.release,
            "replica": self.replica.id,
            "calls_expired": count_recently_expired(self.name),
            "outages": list_outages(self.name),
            **state,
        }


def _entry_points(service: type[Service], kind: type[T]) -> list[T]:
    """The entry points of one kind that a service has."""
    methods = (method for _name, method in inspect.getmembers(service, inspect.isfunction))
    return [
        each
        for method in methods
        for each in getattr(method, "nameko_entrypoints", ())
        if isinstance(each, kind)
    ]


def _places(streams: Any) -> dict[str, int]:
    if not isinstance(streams, list) or len(streams) > _MOST_STREAMS:
        raise InvalidInput("streams", f"must list at most {_MOST_STREAMS} of {{stream, after}}")
    places = {}
    for index, place in enumerate(streams):
        field = f"streams[{index}]"
        if not isinstance(place, dict):
            raise InvalidInput(field, "must be {stream: text, after: version}")
        stream = _text(f"{field}.stream", place.get("stream"))
        places[stream] = _bounded(f"{field}.after", place.get("after", 0), 2**31 - 1, 0)
    return places


def _cursor(after: Any) -> HeadCursor:
    if after is None:
        return FIRST_HEADS
    if not isinstance(after, dict):
        raise InvalidInput("after", "must be {incarnation, changed_in: number, stream: text}")
    incarnation = _bounded("after.incarnation", after.get("incarnation", FIRST), 2**31 - 1)
    changed_in = _bounded("after.changed_in", after.get("changed_in"), 2**63 - 1, 0)
    return HeadCursor(incarnation, changed_in, _text("after.stream", after.get("stream")))


def _names(field: str, streams: Any) -> list[str]:
    if not isinstance(streams, list) or len(streams) > _MOST_STREAMS:
        raise InvalidInput(field, f"must list at most {_MOST_STREAMS} streams")
    return [_text(f"{field}[{index}]", stream) for index, stream in enumerate(streams)]


def _versions(places: Any) -> dict[str, int]:
    if not isinstance(places, dict) or len(places) > _MOST_STREAMS:
        raise InvalidInput("places", f"must be at most {_MOST_STREAMS} of {{stream: version}}")
    return {
        _text("places", stream): _bounded(f"places.{stream}", version, 2**31 - 1)
        for stream, version in places.items()
    }


def _text(field: str, value: Any) -> str:
    if value == "" or is_name(value):
        return str(value)
    raise InvalidInput(field, "must be text that can be stored")


def _sentence(field: str, value: Any) -> str:
    if is_name(value) and value.strip() and len(value) <= _LONGEST_SENTENCE:
        return str(value).strip()
    raise InvalidInput(field, f"must be a text of 1 to {_LONGEST_SENTENCE} characters")


def _bounded(field: str, value: Any, most: int, least: int = 1) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise InvalidInput(field, f"must be a whole number from {least} to {most}")
    return value
