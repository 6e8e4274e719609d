"""Watches the broker: pings this process through it, and declares what the process needs again.

An exchange or a binding can be deleted while every connection stays open, and nobody is told. So
each process declares its exchanges, queues and bindings every few seconds, over a connection of
its own; what is there already costs a round trip. The ping goes the way of every response, through
the RPC exchange to the process's own reply queue, and shows that all of this works.
"""

from __future__ import annotations

import uuid
from typing import Any

import amqp
import eventlet
import structlog
from amqp.exceptions import ChannelError
from eventlet.event import Event as Signal
from kombu import Connection
from nameko.extensions import SharedExtension

from chassis.messaging.amqp import BROKER_ERRORS, JSON, connect, publish
from chassis.messaging.exchanges import declare_own, rpc_exchange
from chassis.observability.metrics import BROKER_CONNECTED, CALLS_EXPIRED, CALLS_RETURNED
from chassis.runtime.queue_consumer import SafeQueueConsumer
from chassis.runtime.remote import SafeReplyListener
from chassis.runtime.shared import SharedResources

_PERIOD_SECONDS = 2.0
_PATIENCE_SECONDS = 3.0
_HEARTBEAT = 10
_LOST_PINGS = 2  # one may be lost when the process stood still
_RECONNECT_SECONDS = 0.5

_log = structlog.get_logger("broker")


class BrokerWatch(SharedExtension):
    """Keeps `SharedResources.broker_state` up to date, and the process's declarations in force."""

    shared = SharedResources()
    listener = SafeReplyListener()
    queue_consumer = SafeQueueConsumer()

    def __init__(self) -> None:
        super().__init__()
        self._stopping = Signal()
        self._thread: Any = None
        self._refusals: set[str] = set()

    def start(self) -> None:
        settings = self.shared.settings()
        for counter in (CALLS_EXPIRED, CALLS_RETURNED):
            counter.labels(settings.service)  # there from the start: the first increase is seen
        if settings.embedded:
            BROKER_CONNECTED.labels(settings.service).set(1)
            return
        state = self.shared.broker_state()
        BROKER_CONNECTED.labels(settings.service).set_function(lambda: float(state.is_connected()))
        self._thread = self.container.spawn_managed_thread(self._watch, identifier="broker watch")

    def stop(self) -> None:
        if not self._stopping.ready():
            self._stopping.send()
        if self._thread is not None:
            with eventlet.Timeout(_PATIENCE_SECONDS, False):
                self._thread.wait()

    def _watch(self) -> None:
        uri = self.shared.settings().amqp_uri
        while not self._stopping.ready():
            try:
                connection = connect(uri, heartbeat=_HEARTBEAT, patience=_PATIENCE_SECONDS)
            except BROKER_ERRORS as error:
                self.shared.broker_state().failed(error)
                self._pause(_RECONNECT_SECONDS)
                continue
            try:
                self._watch_over(connection)
            except BROKER_ERRORS as error:
                self.shared.broker_state().failed(error)
                _log.warning("broker_lost", error=type(error).__name__)
                self._pause(_RECONNECT_SECONDS)
            finally:
                connection.collect()

    def _watch_over(self, connection: Connection) -> None:
        state = self.shared.broker_state()
        lost = 0
        while not self._stopping.ready():
            self._declare(connection)
            if self._ping(connection):
                state.answered()
                lost = 0
            else:
                state.did_not_arrive()
                lost += 1
            if lost >= _LOST_PINGS:  # this connection works, so the one that receives is dead
                self.queue_consumer.reconnect()
                lost = 0
            self._pause(_PERIOD_SECONDS)

    def _declare(self, connection: Connection) -> None:
        """Declare all that this process needs; one thing that is refused keeps back no other."""
        service = self.shared.settings().service
        refusals = set()
        for declare in (lambda c: declare_own(c, service), *self.shared.declarations):
            try:
                declare(connection)
            except ChannelError as error:
                refusals.add(str(error))
        for refusal in refusals - self._refusals:
            _log.warning("declaration_refused", error=refusal)
        self._refusals = refusals

    def _ping(self, connection: Connection) -> bool:
        """Whether a message to this process arrives."""
        correlation_id = str(uuid.uuid4())
        with self.listener.expecting(correlation_id) as response:
            with connection.channel() as channel:
                message = amqp.Message("{}", correlation_id=correlation_id, **JSON)
                publish(channel, message, rpc_exchange().name, self.listener.routing_key)
            with eventlet.Timeout(_PATIENCE_SECONDS, False):
                response.wait()
            return bool(response.ready())

    def _pause(self, seconds: float) -> None:
        with eventlet.Timeout(seconds, False):
            self._stopping.wait()
