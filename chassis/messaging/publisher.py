"""Publishes committed events: right after the commit, and again if that failed."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import amqp
import eventlet
import structlog
from eventlet.queue import Empty, Full, LightQueue
from kombu import Connection, Producer

from chassis.core.errors import Unavailable
from chassis.core.event import Event
from chassis.core.json import dump_json
from chassis.core.retry import retry
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging.amqp import (
    BROKER_ERRORS,
    JSON,
    bound_waits,
    in_one_write,
    largest_message,
    publish,
)
from chassis.messaging.exchanges import declare_own, events_exchange
from chassis.observability.metrics import EVENTS_PUBLISHED, EVENTS_REFUSED, EVENTS_TOO_LARGE
from chassis.observability.tracing import TRACEPARENT

_MESSAGES_A_ROUND = 200
# Confirmed rows are cleared together, when nothing more comes for a moment or after this long.
_CLEAR_SECONDS = 0.1
_ROWS_WAITING = 1_000
_CONFIRM_SECONDS = 10.0
_SWEEP_SECONDS = 1.0
_ROWS_A_SWEEP = 20  # so many go among the rows of this process, however busy it is
_LONGEST_PAUSE = 5.0

_PROPERTIES = {**JSON, "delivery_mode": 2}  # persistent

Refs = list[list[Any]]  # the stream and version of each event of a row

_log = structlog.get_logger("publisher")


class BrokerPublisher:
    """Publishes with pipelined confirms, then clears the outbox rows.

    What comes within `pause` seconds of the last round is published together. The sweeper publishes
    what does not fit the queue and what a dead process left: it claims rows whose claim has lapsed,
    a few at a time, and queues them among those of this process. So they are published soon even
    where the publisher is never idle. What the broker refuses holds nothing back: its row stays,
    for the sweeper to try again.
    """

    def __init__(self, uri: str, runner: UnitOfWorkRunner, pause: float = 0.02) -> None:
        self._runner = runner
        self._pause = pause
        self._waiting: LightQueue = LightQueue(maxsize=_ROWS_WAITING)
        self._sender = _Sender(uri, runner.source)
        self._pending: set[str] = set()  # the rows queued and not cleared yet
        self._confirmed: list[str] = []
        self._cleared = time.monotonic()

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        """Queue the events of one outbox row; never waits."""
        with suppress(Full):  # the sweeper publishes it, once the claim lapses
            self._waiting.put_nowait((row_id, events))
            self._pending.add(row_id)

    def run(self) -> None:
        """Publish for ever."""
        while True:
            rows = self._next_rows()
            if rows:
                self._confirmed += self._send_rows(rows)
            if not rows or time.monotonic() - self._cleared > _CLEAR_SECONDS:
                self._clear()
            if rows and self._waiting.qsize() < _MESSAGES_A_ROUND:
                eventlet.sleep(self._pause)

    def sweep(self) -> None:
        """Publish what other processes have left, for ever."""
        while True:
            eventlet.sleep(_SWEEP_SECONDS)
            with suppress(Unavailable):
                while claims := self._runner.run(self._claim):
                    self._publish_claims(claims)

    def _publish_claims(self, claims: Mapping[str, Refs]) -> None:
        """Publish the events of rows that were claimed, and wait for it.

        This process may have queued a row itself: then it has its claim renewed, and that is all.
        """
        foreign = {row_id: refs for row_id, refs in claims.items() if row_id not in self._pending}
        rows = self._runner.read(partial(self._load, claims=foreign))
        for row_id, events in rows.items():
            self._pending.add(row_id)
            self._waiting.put((row_id, events))  # waits for room
        while self._pending & rows.keys():
            eventlet.sleep(0.01)

    def flush(self, seconds: float) -> None:
        """Wait until what is queued is published and cleared, for `seconds` at most."""
        with eventlet.Timeout(seconds, False):
            while self._pending:
                eventlet.sleep(0.01)

    def close(self) -> None:
        """Drop the connection."""
        self._sender.reset()

    def _claim(self, unit: UnitOfWork) -> dict[str, Refs]:
        return self._runner.outbox.claim(unit.connection, _ROWS_A_SWEEP)

    def _load(self, unit: UnitOfWork, claims: Mapping[str, Refs]) -> dict[str, list[Event]]:
        return {
            row_id: self._runner.log.events_at(unit.connection, refs)
            for row_id, refs in claims.items()
        }

    def _next_rows(self) -> list[tuple[str, Sequence[Event]]]:
        """The rows to publish next; none if there are rows to clear and nothing else comes."""
        rows: list[tuple[str, Sequence[Event]]] = []
        size = 0
        with suppress(Empty):
            rows.append(self._waiting.get(timeout=_CLEAR_SECONDS if self._confirmed else None))
            size += len(rows[0][1])
            while size < _MESSAGES_A_ROUND:
                rows.append(self._waiting.get_nowait())
                size += len(rows[-1][1])
        return rows

    def _clear(self) -> None:
        row_ids, self._confirmed = self._confirmed, []
        self._cleared = time.monotonic()
        with suppress(Unavailable):  # the rows stay, and are published once more
            self._runner.autocommit(
                lambda unit: self._runner.outbox.clear(unit.connection, row_ids)
            )
        self._pending.difference_update(row_ids)

    def _send_rows(self, rows: Sequence[tuple[str, Sequence[Event]]]) -> list[str]:
        """Send the events of rows; those rows that are done. One that fails holds back no other."""
        try:
            refused = self._send([event for _row_id, events in rows for event in events])
        except Exception as error:  # noqa: BLE001 - the publisher never gives up
            self._sender.reset()
            if len(rows) > 1:
                return [done for row in rows for done in self._send_rows([row])]
            _log.error("publish_failed", row=rows[0][0], exc_info=error)
            self._pending.discard(rows[0][0])  # the sweeper tries it again
            return []
        return self._without(refused, rows)

    def _without(
        self, refused: Sequence[Event], rows: Sequence[tuple[str, Sequence[Event]]]
    ) -> list[str]:
        """The rows of which nothing was refused; the others are the sweeper's from now on."""
        ids = {event.id for event in refused}
        partly = {row_id for row_id, events in rows if any(event.id in ids for event in events)}
        self._pending -= partly
        return [row_id for row_id, _events in rows if row_id not in partly]

    def _send(self, events: Sequence[Event]) -> list[Event]:
        """Send `events`, again and again until the broker has answered for all; those refused."""
        return retry(
            partial(self._sender.send, events),
            lambda error: isinstance(error, BROKER_ERRORS),
            first_pause=0.1,
            longest_pause=_LONGEST_PAUSE,
            before_pause=self._reset,
            sleep=eventlet.sleep,
        )

    def _reset(self, error: BaseException, pause: float) -> None:
        _log.warning("broker_unreachable", error=type(error).__name__, retry_in=pause)
        self._sender.refused(error)
        self._sender.reset()


class _Sender:
    """One connection, whose publishes are confirmed many at a time."""

    def __init__(self, uri: str, source: str) -> None:
        self._connection = Connection(uri, heartbeat=60)
        self._source = source
        self._exchange = events_exchange(source)
        self._channel: Any = None
        self._unconfirmed: dict[int, Event] = {}
        self._last_tag = 0
        self._refused: list[Event] = []
        self._largest: int | None = None

    def send(self, events: Sequence[Event]) -> list[Event]:
        """Publish `events`, and return when the broker has answered for all: those it refused.

        What the broker has refused once because of its size is left out the next time: subscribers
        find it in the log, by their comparisons.
        """
        channel = self._open_channel()
        if self._largest is not None:
            events = [event for event in events if not self._is_too_large(event, self._largest)]
        refused: list[Event] = []
        if isinstance(channel, amqp.Channel):
            refused = self._pipeline(channel, events)
        else:
            producer = Producer(channel, self._exchange, auto_declare=False)
            for event in events:
                producer.publish(_body(event), event.type, headers=_headers(event), **_PROPERTIES)
        EVENTS_PUBLISHED.labels(self._source).inc(len(events) - len(refused))
        return refused

    def refused(self, error: BaseException) -> None:
        """Note what an error says of the size of messages that the broker takes."""
        self._largest = largest_message(error) or self._largest

    def _is_too_large(self, event: Event, largest: int) -> bool:
        if len(_body(event).encode()) <= largest:
            return False
        EVENTS_TOO_LARGE.labels(self._source).inc()
        _log.error(
            "event_too_large",
            stream=event.stream,
            version=event.version,
            type=event.type,
            largest=largest,
        )
        return True

    def _pipeline(self, channel: amqp.Channel, events: Sequence[Event]) -> list[Event]:
        """Write all in one go and wait for all confirms; what was refused.

        A queue that is full refuses what it does not take, for all others as well that took it.
        """
        with in_one_write(channel):
            for event in events:
                message = amqp.Message(
                    _body(event), application_headers=_headers(event), **_PROPERTIES
                )
                publish(channel, message, self._exchange.name, event.type)
                self._last_tag += 1
                self._unconfirmed[self._last_tag] = event
        while self._unconfirmed:
            self._connection.drain_events(timeout=_CONFIRM_SECONDS)
        refused, self._refused = self._refused, []
        if refused:
            EVENTS_REFUSED.labels(self._source).inc(len(refused))
            _log.error("events_refused", source=self._source, events=len(refused))
        return refused

    def reset(self) -> None:
        """Forget the connection; the next send makes a new one."""
        self._channel = None
        with suppress(Exception):  # it may be broken in any way
            self._connection.close()

    def _open_channel(self) -> Any:
        if self._channel is not None and self._connection.connected:
            if isinstance(self._channel, amqp.Channel):
                with suppress(TimeoutError):  # reads what came in between, such as heartbeats
                    self._connection.drain_events(timeout=0)
            return self._channel
        self._connection.connect()  # a closed one does not open by itself
        bound_waits(self._connection, _CONFIRM_SECONDS)
        channel = self._connection.channel()
        declare_own(self._connection, self._source)
        self._unconfirmed, self._last_tag, self._refused = {}, 0, []
        if isinstance(channel, amqp.Channel):
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
        self._channel = channel
        return channel

    def _on_ack(self, tag: int, multiple: bool) -> None:
        self._take(tag, multiple)

    def _on_nack(self, tag: int, multiple: bool) -> None:
        self._refused += self._take(tag, multiple)

    def _take(self, tag: int, multiple: bool) -> list[Event]:
        """The events that a confirm is about; with `multiple`, all up to that one."""
        tags = [each for each in self._unconfirmed if each <= tag] if multiple else [tag]
        return [self._unconfirmed.pop(each) for each in tags if each in self._unconfirmed]


def _body(event: Event) -> str:
    return dump_json(event.to_wire())


def _headers(event: Event) -> dict[str, str]:
    """The trace of an event once more, where tools look that do not read bodies."""
    traceparent = event.metadata.get(TRACEPARENT)
    return {TRACEPARENT: traceparent} if traceparent else {}
