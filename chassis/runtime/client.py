"""A client for commands and tests: calls any service, and waits no longer than a limit.

It speaks nameko's protocol: a call goes to the RPC exchange under `<service>.<method>`, and the
response comes to a queue of the client's own under a key that the call names.
"""

from __future__ import annotations

import logging
import time
import uuid
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

import amqp
from kombu import Connection, Consumer, Exchange, Producer, Queue
from nameko.exceptions import RemoteError, deserialize

from chassis.config.uris import broker_refusal
from chassis.core.errors import Failure, InvalidInput, ServiceError, Unavailable
from chassis.messaging import embedded
from chassis.messaging.amqp import BROKER_ERRORS, CONNECT_SECONDS, bound_waits, is_too_large
from chassis.messaging.exchanges import rpc_exchange
from chassis.observability.tracing import TRACEPARENT, parse_traceparent
from chassis.runtime.expiry import expiry_headers, seconds_in_queue
from chassis.runtime.wire_errors import register_errors

_VARIABLE = "CDP_AMQP_URI"  # names the broker for clients
_NAME = "standalone_rpc_proxy"  # nameko's; the permissions of clients go by it


class Client:
    """Calls services: `with Client(uri) as cdp: cdp.call("offers", "decide", request={…})`.

    One thread or greenlet at a time. After a failure the next call connects again.

    Its calls are in the trace of `traceparent`, a W3C header, if that is given and valid.
    """

    def __init__(
        self, amqp_uri: str, timeout: float = 10.0, traceparent: str | None = None
    ) -> None:
        embedded.install()
        register_errors()
        logging.getLogger("amqp").setLevel(logging.ERROR)  # it warns when it closes a channel
        self._amqp_uri = amqp_uri
        self._timeout = timeout
        self._replies: _ReplyQueue | None = None
        trace = parse_traceparent(traceparent)
        self._headers = {TRACEPARENT: trace.traceparent} if trace else {}

    def __enter__(self) -> Self:
        try:
            self._open()
        except BROKER_ERRORS as error:
            raise self._refusal(error) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._drop()

    def call(self, service: str, method: str, /, **kwargs: Any) -> Any:
        """What `service.method(**kwargs)` returns; raises the ServiceError that it raises.

        Unavailable if there is no response in time; Refused if the broker does not let this user
        in; InvalidInput if it does not take so large a request.
        """
        deadline = time.monotonic() + self._timeout
        try:
            response = self._request(service, method, kwargs, deadline)
        except BaseException as error:
            self._drop()  # so that the next call declares its reply queue again, whatever it lost
            if isinstance(error, TimeoutError) and time.monotonic() >= deadline:
                raise Unavailable(service, f"did not answer in {self._timeout:g} s") from None
            if isinstance(error, Exception) and is_too_large(error):
                message = "is larger than the broker takes in one message"
                raise InvalidInput("request", message) from None
            if isinstance(error, BROKER_ERRORS):
                raise self._refusal(error) from None
            raise
        if response.get("error"):
            failure = deserialize(response["error"])
            if isinstance(failure, RemoteError):
                raise Failure(service, f"failed with {failure.exc_type}")
            raise failure
        return response["result"]

    def _request(self, service: str, method: str, kwargs: dict[str, Any], deadline: float) -> Any:
        """The response; what was not delivered to anybody is sent once more."""
        for last in (False, True):
            try:
                return self._open().request(service, method, kwargs, deadline)
            except amqp.NotFound:  # the RPC exchange is gone
                if last:
                    raise
                self._drop()
        raise AssertionError("the loop returns or raises")

    def _open(self) -> _ReplyQueue:
        if self._replies is None:
            self._replies = _ReplyQueue(self._amqp_uri, self._timeout, self._headers)
        return self._replies

    def _drop(self) -> None:
        replies, self._replies = self._replies, None
        if replies is not None:
            replies.close()

    def _refusal(self, error: Exception) -> ServiceError:
        return broker_refusal(_VARIABLE, self._amqp_uri, error)


class _ReplyQueue:
    """A connection with a queue for the responses to its calls, which all have `headers`."""

    def __init__(self, amqp_uri: str, timeout: float, headers: dict[str, str]) -> None:
        self._headers = headers
        self._key = str(uuid.uuid4())
        self._responses: dict[str, Any] = {}
        self._returned = False
        self._connection = Connection(
            amqp_uri, connect_timeout=min(timeout, CONNECT_SECONDS), heartbeat=0
        )
        try:
            self._connection.connect()
            bound_waits(self._connection, timeout)
            self._declare()
        except BaseException:
            self.close()
            raise

    def _declare(self) -> None:
        channel = self._connection.channel()
        if isinstance(channel, amqp.Channel):
            channel.events["basic_return"].add(self._on_return)
        exchange: Exchange = rpc_exchange()
        name = f"rpc.reply-{_NAME}-{self._key}"
        queue = Queue(name, exchange, self._key, durable=False, exclusive=True, auto_delete=True)
        bound = queue(channel)
        bound.declare()
        self._producer = Producer(channel, exchange, auto_declare=False)
        self._consumer = Consumer(
            channel, [bound], accept=["json"], no_ack=True, auto_declare=False
        )
        self._consumer.register_callback(self._on_response)
        self._consumer.consume()

    def request(self, service: str, method: str, kwargs: dict[str, Any], deadline: float) -> Any:
        """The response to a call; TimeoutError after `deadline`, Unavailable without a queue."""
        correlation_id = str(uuid.uuid4())
        seconds = max(deadline - time.monotonic(), 0.001)
        self._responses.clear()  # of calls that were given up
        self._producer.publish(
            {"args": [], "kwargs": kwargs},
            f"{service}.{method}",
            mandatory=True,
            reply_to=self._key,
            correlation_id=correlation_id,
            headers={"nameko.call_id_stack": [f"{_NAME}.call.{correlation_id}"]}
            | expiry_headers(seconds)
            | self._headers,
            expiration=seconds_in_queue(seconds),
            serializer="json",
        )
        while correlation_id not in self._responses:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError
            self._connection.drain_events(timeout=left)
            if self._returned:
                raise Unavailable(service, "is not running")
        return self._responses.pop(correlation_id)

    def close(self) -> None:
        """Drop the connection; the broker deletes the queue with it."""
        with suppress(Exception):  # it may be broken in any way
            self._connection.collect()

    def _on_response(self, body: Any, message: Any) -> None:
        self._responses[message.properties.get("correlation_id")] = body

    def _on_return(self, *_message: object) -> None:
        self._returned = True
