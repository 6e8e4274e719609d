"""Takes committed events to the broker: right after the commit, and again if that failed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress

import amqp
import eventlet
import structlog
from eventlet.queue import Empty, Full, LightQueue
from kombu import Connection, Producer

from chassis.errors import Unavailable
from chassis.event import Event
from chassis.metrics import EVENTS_PUBLISHED
from chassis.topology import declare_own, events_exchange
from chassis.work import Unit, Work

_MESSAGES_A_ROUND = 200
_ROWS_WAITING = 1_000
_CONFIRM_SECONDS = 10.0
_SWEEP_SECONDS = 2.0
_LONGEST_PAUSE = 5.0

_log = structlog.get_logger("publisher")


class BrokerPublisher:
    """Publishes with pipelined confirms, then clears the outbox rows.

    What does not fit its queue, and what a dead process left, is the sweeper's: it takes over
    rows whose claim has lapsed.
    """

    def __init__(self, uri: str, work: Work) -> None:
        self._work = work
        self._waiting: LightQueue = LightQueue(maxsize=_ROWS_WAITING)
        self._sender = _Sender(uri, work.source)
        self._busy = False

    def publish(self, row_id: str, events: Sequence[Event]) -> None:
        """Queue the events of one outbox row; never waits."""
        with suppress(Full):  # then the sweeper has it, once the claim lapses
            self._waiting.put_nowait((row_id, events))

    def run(self) -> None:
        """Publish for ever."""
        while True:
            rows = self._next_rows()
            self._busy = True
            self._insist([event for _row_id, events in rows for event in events])
            with suppress(Unavailable):  # the rows stay, and are published once more
                self._clear([row_id for row_id, _events in rows])
            self._busy = False

    def sweep(self) -> None:
        """Take over what other processes left behind, for ever."""
        while True:
            eventlet.sleep(_SWEEP_SECONDS)
            with suppress(Unavailable):
                while self._idle() and (rows := self._work.run(self._claim)):
                    for row_id, events in rows:
                        self.publish(row_id, events)
                    while not self._idle():
                        eventlet.sleep(0.01)

    def flush(self, seconds: float) -> None:
        """Wait until what is queued is published, `seconds` at the most."""
        with eventlet.Timeout(seconds, False):
            while not self._idle():
                eventlet.sleep(0.01)

    def close(self) -> None:
        """Drop the connection."""
        self._sender.reset()

    def _idle(self) -> bool:
        return not self._busy and self._waiting.empty()

    def _claim(self, unit: Unit) -> list[tuple[str, list[Event]]]:
        rows = self._work.outbox.claim(unit.connection, 20)
        return [
            (row_id, self._work.log.events_at(unit.connection, refs))
            for row_id, refs in rows.items()
        ]

    def _next_rows(self) -> list[tuple[str, Sequence[Event]]]:
        rows = [self._waiting.get()]
        size = len(rows[0][1])
        with suppress(Empty):
            while size < _MESSAGES_A_ROUND:
                rows.append(self._waiting.get_nowait())
                size += len(rows[-1][1])
        return rows

    def _clear(self, row_ids: list[str]) -> None:
        self._work.run(lambda unit: self._work.outbox.clear(unit.connection, row_ids))

    def _insist(self, events: Sequence[Event]) -> None:
        pause = 0.1
        while True:
            try:
                return self._sender.send(events)
            except self._sender.errors as error:
                _log.warning("broker_unreachable", error=type(error).__name__, retry_in=pause)
                self._sender.reset()
            eventlet.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


class _Nacked(Exception):
    """The broker refused a message."""


class _Sender:
    """One connection, whose publishes are confirmed many at a time."""

    def __init__(self, uri: str, source: str) -> None:
        self._connection = Connection(uri, heartbeat=60)
        self._source = source
        self._exchange = events_exchange(source)
        self._producer: Producer | None = None
        self._unconfirmed: set[int] = set()
        self._published = 0
        self._refused = False
        self.errors = (
            *self._connection.connection_errors,
            *self._connection.channel_errors,
            OSError,
            _Nacked,
        )

    def send(self, events: Sequence[Event]) -> None:
        """Publish `events`, and return when the broker has them all."""
        producer = self._ready()
        for event in events:
            producer.publish(
                json.dumps(event.to_wire(), separators=(",", ":"), allow_nan=False),
                exchange=self._exchange,
                routing_key=event.type,
                content_type="application/json",
                content_encoding="utf-8",
                delivery_mode="persistent",
            )
            self._published += 1
            self._unconfirmed.add(self._published)
        if not self._confirming:
            self._unconfirmed.clear()
        while self._unconfirmed:
            self._connection.drain_events(timeout=_CONFIRM_SECONDS)
            if self._refused:
                raise _Nacked
        EVENTS_PUBLISHED.labels(self._source).inc(len(events))

    def reset(self) -> None:
        """Forget the connection; the next send makes a new one."""
        self._producer = None
        with suppress(Exception):  # it may be broken in any way
            self._connection.close()

    @property
    def _confirming(self) -> bool:
        return isinstance(self._producer and self._producer.channel, amqp.Channel)

    def _ready(self) -> Producer:
        if self._producer is not None and self._connection.connected:
            with suppress(TimeoutError):  # reads what came in between, such as heartbeats
                if self._confirming:
                    self._connection.drain_events(timeout=0)
            return self._producer
        self._connection.connect()  # one that was closed does not open by itself
        channel = self._connection.channel()
        declare_own(channel, self._source)
        self._unconfirmed, self._published, self._refused = set(), 0, False
        if isinstance(channel, amqp.Channel):
            channel.confirm_select()
            channel.events["basic_ack"].add(self._on_ack)
            channel.events["basic_nack"].add(self._on_nack)
        self._producer = Producer(channel, auto_declare=False)
        return self._producer

    def _on_ack(self, tag: int, multiple: bool) -> None:
        if multiple:
            self._unconfirmed = {waiting for waiting in self._unconfirmed if waiting > tag}
        else:
            self._unconfirmed.discard(tag)

    def _on_nack(self, _tag: int, _multiple: bool) -> None:
        self._refused = True
