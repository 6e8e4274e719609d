"""A client that never waits: any number of calls under way, each with its time and its limit.

It speaks nameko's protocol, and like our own clients says with each call until when it is wanted.
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import amqp

from chassis.runtime.expiry import seconds_in_queue

_EXCHANGE = "nameko-rpc"
_IDLE_SECONDS = 0.2
_PAUSE = 0.2
_SILENCE = 2.0  # seconds without an answer to any call, after which the queue is declared again
_ERRORS = (OSError, amqp.AMQPError)


@dataclass(slots=True)
class TimedCall:
    """A call under way or done; times are seconds of the monotonic clock.

    `error` is the name of the exception, "Late" for a call without an answer in `limit` seconds.
    """

    service: str
    method: str
    arguments: dict[str, Any]
    limit: float
    sent_at: float = 0.0
    answered_at: float | None = None
    result: Any = None
    error: str = ""
    done: Callable[[TimedCall], None] | None = field(default=None, repr=False)

    @property
    def in_time(self) -> bool:
        """Whether the service answered within the limit, and not by an error."""
        return self.answered_at is not None and not self.error


class OpenLoopClient:
    """Sends calls to the broker at `uri` from threads of its own, within `with`.

    A call's `done` is called in the thread of `expire`, which whoever sends has to call often.
    """

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._login: dict[str, Any] = {
            "host": f"{parts.hostname}:{parts.port}",
            "userid": parts.username,
            "password": parts.password,
            "virtual_host": parts.path[1:],
            "connect_timeout": 2,
            "read_timeout": 5,
            "write_timeout": 2,
        }
        self._reply_to = str(uuid.uuid4())
        self._queue = f"rpc.reply-standalone_rpc_proxy-{self._reply_to}"
        self._outgoing: queue.SimpleQueue[tuple[str, TimedCall] | None] = queue.SimpleQueue()
        self._answers: queue.SimpleQueue[tuple[str, float, Any]] = queue.SimpleQueue()
        self._calls: dict[str, TimedCall] = {}
        self._heard_at = time.monotonic()
        self._stopping = threading.Event()
        self._ready = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._write, self._read)]

    def __enter__(self) -> OpenLoopClient:
        for thread in self._threads:
            thread.start()
        assert self._ready.wait(30), "the broker does not let the client declare its queue"
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopping.set()
        self._outgoing.put(None)
        for thread in self._threads:
            thread.join()

    def send(self, call: TimedCall) -> None:
        """Send a call, and return at once."""
        call.sent_at = time.monotonic()
        id_ = str(uuid.uuid4())
        self._calls[id_] = call
        self._outgoing.put((id_, call))

    def expire(self) -> None:
        """Take in the answers that have come, and end the calls whose time is over."""
        with suppress(queue.Empty):
            while True:
                id_, at, response = self._answers.get_nowait()
                if call := self._calls.pop(id_, None):
                    self._end(call, at, response)
        now = time.monotonic()
        for id_ in [i for i, call in self._calls.items() if now - call.sent_at > call.limit]:
            call = self._calls.pop(id_)
            call.error = "Late"
            if call.done:
                call.done(call)

    @staticmethod
    def _end(call: TimedCall, at: float, response: Any) -> None:
        if at - call.sent_at > call.limit:
            call.error = "Late"
        else:
            call.answered_at = at
            call.result = response.get("result")
            call.error = (response.get("error") or {}).get("exc_type", "")
        if call.done:
            call.done(call)

    # Threads

    def _write(self) -> None:
        connection: amqp.Connection | None = None
        channel: Any = None
        while (item := self._outgoing.get()) is not None:
            id_, call = item
            left = call.limit - (time.monotonic() - call.sent_at)
            if left <= 0:
                continue
            try:
                if connection is None:
                    connection = self._connect()
                    channel = connection.channel()
                _hear_refusals(connection)
                channel.basic_publish(
                    self._message(id_, call, left), _EXCHANGE, f"{call.service}.{call.method}"
                )
            except _ERRORS:
                _close(connection)
                connection = None
                time.sleep(_PAUSE)
        _close(connection)

    def _message(self, id_: str, call: TimedCall, left: float) -> amqp.Message:
        now = time.time_ns() // 1_000
        return amqp.Message(
            json.dumps({"args": [], "kwargs": call.arguments}),
            content_type="application/json",
            content_encoding="utf-8",
            delivery_mode=2,
            reply_to=self._reply_to,
            correlation_id=id_,
            expiration=str(max(1, int(1_000 * seconds_in_queue(left)))),
            application_headers={"sent_at": now, "expires_at": now + int(1_000_000 * left)},
        )

    def _read(self) -> None:
        while not self._stopping.is_set():
            connection: amqp.Connection | None = None
            try:
                connection = self._connect()
                self._listen(connection)
            except _ERRORS:
                self._stopping.wait(_PAUSE)
            finally:
                _close(connection)

    def _listen(self, connection: amqp.Connection) -> None:
        """Receive answers until the connection is lost, or for too long none has come."""
        channel = connection.channel()
        channel.exchange_declare(_EXCHANGE, "topic", durable=True, auto_delete=False)
        channel.queue_declare(
            self._queue, auto_delete=False, arguments={"x-expires": 60_000}, durable=True
        )
        channel.queue_bind(self._queue, _EXCHANGE, self._reply_to)
        channel.basic_consume(self._queue, no_ack=True, callback=self._take)
        self._ready.set()
        self._heard_at = time.monotonic()
        while not self._stopping.is_set() and time.monotonic() - self._heard_at < _SILENCE:
            with suppress(TimeoutError):
                connection.drain_events(timeout=_IDLE_SECONDS)

    def _take(self, message: Any) -> None:
        self._heard_at = time.monotonic()
        response = json.loads(message.body)
        self._answers.put((message.properties.get("correlation_id"), self._heard_at, response))

    def _connect(self) -> amqp.Connection:
        connection = amqp.Connection(**self._login)
        connection.connect()
        return connection


def _hear_refusals(connection: amqp.Connection) -> None:
    """Raise what the broker had against earlier messages, such as an exchange that is missing."""
    with suppress(TimeoutError):
        connection.drain_events(timeout=0)


def _close(connection: amqp.Connection | None) -> None:
    with suppress(*_ERRORS, AttributeError):
        if connection is not None:
            connection.collect()
