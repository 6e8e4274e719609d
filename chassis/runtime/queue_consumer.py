"""The connection on which a process hears calls and responses, made safe."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

import amqp
import structlog
from amqp.exceptions import AMQPError
from kombu.utils.json import dumps as dump_ascii
from nameko.amqp.publish import get_producer
from nameko.constants import AMQP_URI_CONFIG_KEY
from nameko.messaging import QueueConsumer
from nameko.rpc import get_rpc_exchange

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import InvalidInput, Refused
from chassis.core.json import dump_json
from chassis.messaging.amqp import BROKER_ERRORS, JSON, bound_waits, is_too_large
from chassis.runtime.expiry import StallDetector
from chassis.runtime.wire_errors import serialize_error

_RESPOND_SECONDS = 10.0
_RECONNECT = {"interval_start": 0.2, "interval_step": 0.4, "interval_max": 1.0}
_WAIT_SECONDS = 5.0

_log = structlog.get_logger("rpc")


@contextmanager
def confirmed_producer(amqp_uri: str) -> Iterator[Any]:
    """One of the process's producers, whose publishes are confirmed one by one.

    Its connection is dropped if it raises: a confirm that comes later would be taken for another's.
    """
    with get_producer(amqp_uri) as producer:
        try:
            yield producer
        except BaseException:
            producer.connection.collect()
            raise


def dump_response(response: Mapping[str, Any]) -> str:
    """JSON of a response; half of a surrogate pair, which it may quote, can only be ASCII."""
    try:
        return dump_json(response)
    except TypeError:
        text: str = dump_ascii(response)
        return text


class SafeQueueConsumer(QueueConsumer):
    """Responds to a message that cannot be read, which nameko would log and drop; and notices which
    messages may have come while the process stood still (see `chassis.runtime.expiry`)."""

    def __init__(self) -> None:
        super().__init__()
        self.stalls = StallDetector()
        self._connection: Any = None
        self._channel: Any = None
        self._fenced = float("-inf")  # the end of the last stall about which the broker was asked
        self._awaits_fence = False

    def consume(self, *args: Any, **kwargs: Any) -> Any:
        """Checks four times a second, not once, whether it is to stop."""
        return super().consume(*args, safety_interval=0.25, **kwargs)

    def get_consumers(self, consumer_cls: Any, channel: Any) -> Any:
        self._channel = channel
        self._awaits_fence = False  # what a new channel delivers has just left the broker
        self._connection = channel.connection.client
        for provider in self._providers:
            provider.prepare(self._connection)
        return super().get_consumers(partial(consumer_cls, auto_declare=False), channel)

    @contextmanager
    def establish_connection(self) -> Iterator[Any]:
        """kombu's, but with short pauses, and no wait on the connection is without an end."""
        with self.create_connection() as connection:
            connection.ensure_connection(self.on_connection_error, **_RECONNECT)
            bound_waits(connection, _WAIT_SECONDS)
            yield connection

    def reconnect(self) -> None:
        """Break the connection, so that the consumer makes a new one."""
        connection = self._connection and self._connection.connection
        with suppress(OSError, AttributeError):  # it may be closed already
            connection.transport.sock.shutdown(socket.SHUT_RDWR)

    def on_iteration(self) -> None:
        self._turn()
        super().on_iteration()

    def handle_message(self, provider: Any, body: Any, message: Any) -> None:
        self._turn()
        message.received_at = time.monotonic()
        message.before_fence = self._awaits_fence
        super().handle_message(provider, body, message)

    def _turn(self) -> None:
        """Within the consumer's greenlet: after a stall, ask the broker for a response that follows
        all that it had delivered before."""
        self.stalls.turn()
        if self.stalls.ended_at == self._fenced:
            return
        self._fenced = self.stalls.ended_at
        if isinstance(self._channel, amqp.Channel) and self._channel.connection:
            self._awaits_fence = True
            # Without waiting, as `basic_qos` would: the greenlet that reads responses is this one.
            self._channel._pending[amqp.spec.Basic.QosOk] = self._pass_fence  # noqa: SLF001
            limits = (0, self.prefetch_count, False)
            self._channel.send_method(amqp.spec.Basic.Qos, "lBb", limits)

    def count_messages(self, queue: str, take: Callable[[int, int], object]) -> None:
        """Ask the broker for the messages that are ready in a queue and its consumers; `take` gets
        both, unless the connection is lost before.
        """
        if isinstance(self._channel, amqp.Channel) and self._channel.connection:
            response = amqp.spec.Queue.DeclareOk
            self._channel._pending[response] = lambda *args: take(*args[-2:])  # noqa: SLF001
            passively: tuple[object, ...] = (0, queue, True, False, False, False, False, {})
            self._channel.send_method(amqp.spec.Queue.Declare, "BsbbbbbF", passively)

    def _pass_fence(self, *_response: object) -> None:
        self._awaits_fence = False

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        _log.warning("undecodable_request", error=type(exc).__name__)
        self.container.spawn_managed_thread(partial(self.refuse, message))

    def refuse(self, message: Any) -> None:
        """Respond that a message is not JSON, if it names a queue for the response."""
        if not message.properties.get("reply_to"):
            self.ack_message(message)
            return
        error = serialize_error(InvalidInput("payload", "is not JSON; send application/json"))
        try:
            self.respond(message, dump_response({"result": None, "error": error}))
        except BROKER_ERRORS as error:
            _log.warning("answer_lost", error=type(error).__name__)  # the call comes again

    def respond(self, message: Any, response: str) -> None:
        """Respond to a call over another connection, so that a large response delays nobody."""
        try:
            self._publish(message, response)
        except AMQPError as error:
            if not is_too_large(error):
                raise
            _log.warning("response_too_large", characters=len(response))
            refusal = Refused(
                "response", "is larger than the broker takes in one message; ask for less"
            )
            self._publish(
                message, dump_response({"result": None, "error": serialize_error(refusal)})
            )
        self.ack_message(message)

    def _publish(self, message: Any, response: str) -> None:
        config = self.container.config

        def send() -> None:
            with confirmed_producer(config[AMQP_URI_CONFIG_KEY]) as producer:
                producer.publish(
                    response,
                    exchange=get_rpc_exchange(config),
                    routing_key=message.properties["reply_to"],
                    correlation_id=message.properties.get("correlation_id"),
                    **JSON,
                )

        try:
            run_within(_RESPOND_SECONDS, send)
        except DeadlineExceeded:
            raise TimeoutError from None
