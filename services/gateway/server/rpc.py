"""Calls of services over the broker, as nameko makes them.

    gateway ──"profiles.record"──▶ exchange nameko-rpc ──▶ queue rpc-profiles
       ▲                                  │
       └── rpc.reply-gateway-<uuid> ◀─"<uuid>"── its reply, by the same exchange

A call is confirmed and mandatory, so that one that no queue takes fails at once. After a new
connection there is a new queue for replies, and what waited for the old one fails at once.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import aio_pika
import structlog
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage
from aio_pika.exceptions import AMQPError, DeliveryError, PublishError

from chassis.config.broker import RPC_EXCHANGE
from chassis.core import errors
from chassis.core.errors import Failure, InvalidInput, ServiceError, Unavailable
from chassis.core.json import dump_json, load_json
from chassis.observability.tracing import TRACEPARENT
from chassis.runtime.expiry import expiry_headers, seconds_in_queue
from services.gateway.server.metrics import BROKER_CONNECTED

_NAME = "gateway"
_REPLY_QUEUE_EXPIRES = 300_000  # ms, as nameko's
_HEARTBEAT = 10
_CONNECT_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 2.0
_MOST_WAITING = 10_000
_ERRORS = (AMQPError, OSError, TimeoutError, asyncio.InvalidStateError)
_KINDS: Mapping[str, type[ServiceError]] = {
    name: kind
    for name, kind in vars(errors).items()
    if isinstance(kind, type) and issubclass(kind, ServiceError)
}

_log = structlog.get_logger("rpc")


class RpcClient:
    """One connection, over which any number of calls wait at once. `run` keeps it open."""

    def __init__(self, uri: str) -> None:
        self._uri = uri
        self._exchange: AbstractExchange | None = None
        self._key = ""
        self._waiting: dict[str, asyncio.Future[dict[str, Any]]] = {}

    @property
    def problem(self) -> str | None:
        """In words why no service can be called; None if they can."""
        return None if self._exchange is not None else "broker: is out of reach; try again"

    async def run(self) -> None:
        """Connect, and again whenever the connection is lost, for ever."""
        pause = _FIRST_PAUSE
        while True:
            try:
                await self._session()
                pause = _FIRST_PAUSE
            except _ERRORS as error:
                _log.warning("broker_out_of_reach", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def call(
        self,
        service: str,
        method: str,
        arguments: Mapping[str, Any],
        seconds: float,
        call_id: str,
        traceparent: str | None = None,
    ) -> Any:
        """What a service answers; raises its error, or Unavailable if there is no answer in time.

        The limit covers the confirm too: a broker short of memory withholds it without end.
        """
        if len(self._waiting) >= _MOST_WAITING:
            raise Unavailable(service, "has too many calls under way; try again")
        correlation_id = str(uuid.uuid4())
        headers: dict[str, Any] = {"nameko.call_id_stack": [call_id], **expiry_headers(seconds)}
        if traceparent:
            headers[TRACEPARENT] = traceparent
        message = aio_pika.Message(
            _encoded(arguments),
            headers=headers,
            content_type="application/json",
            content_encoding="utf-8",
            correlation_id=correlation_id,
            reply_to=self._key,
            expiration=seconds_in_queue(seconds),
        )
        reply: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[correlation_id] = reply  # nothing before `try` may fail from here on
        try:
            async with asyncio.timeout(seconds):
                await self._publish(service, method, message)
                return _result(service, await reply)
        except TimeoutError:
            raise Unavailable(service, f"did not answer in {seconds:g} s; try again") from None
        finally:
            del self._waiting[correlation_id]

    async def _publish(self, service: str, method: str, message: aio_pika.Message) -> None:
        if self._exchange is None:
            raise Unavailable("broker", "is out of reach; try again")
        try:
            await self._exchange.publish(message, f"{service}.{method}", mandatory=True)
        except PublishError:
            raise Unavailable(service, "is not running; try again") from None
        except DeliveryError:
            raise Unavailable(service, "has as many calls as it takes; try again") from None
        except (AMQPError, OSError, RuntimeError) as error:
            message_ = f"is out of reach ({type(error).__name__}); try again"
            raise Unavailable("broker", message_) from None

    async def _session(self) -> None:
        """Serve calls as long as a connection lasts."""
        connection = await aio_pika.connect(
            self._uri,
            timeout=_CONNECT_SECONDS,
            heartbeat=_HEARTBEAT,
            client_properties={"connection_name": _NAME},
        )
        try:
            await self._serve_over(connection)
        finally:
            self._exchange = None
            BROKER_CONNECTED.set(0)
            self._fail_all()
            with suppress(*_ERRORS):
                async with asyncio.timeout(_CONNECT_SECONDS):
                    await connection.close()

    async def _serve_over(self, connection: AbstractConnection) -> None:
        async with asyncio.timeout(_CONNECT_SECONDS):
            replies = await connection.channel(publisher_confirms=False)
            key = str(uuid.uuid4())
            queue = await replies.declare_queue(
                f"rpc.reply-{_NAME}-{key}",
                exclusive=True,
                arguments={"x-expires": _REPLY_QUEUE_EXPIRES},
            )
            await queue.bind(RPC_EXCHANGE, key)
            await queue.consume(self._on_reply, no_ack=True)
            publishing = await connection.channel(publisher_confirms=True, on_return_raises=True)
            exchange = await publishing.get_exchange(RPC_EXCHANGE, ensure=False)
        self._key, self._exchange = key, exchange
        BROKER_CONNECTED.set(1)
        _log.info("broker_connected")
        ends = [asyncio.ensure_future(each.closed()) for each in (connection, replies, publishing)]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in ends:
                each.cancel()
        _log.warning("broker_connection_lost", waiting=len(self._waiting))

    async def _on_reply(self, message: AbstractIncomingMessage) -> None:
        reply = self._waiting.get(message.correlation_id or "")
        if reply is not None and not reply.done():
            reply.set_result(load_json(message.body))

    def _fail_all(self) -> None:
        for reply in self._waiting.values():
            if not reply.done():
                reply.set_exception(Unavailable("broker", "has lost the connection; try again"))


def _encoded(arguments: Mapping[str, Any]) -> bytes:
    try:
        return dump_json({"args": [], "kwargs": dict(arguments)}).encode()
    except TypeError:
        raise InvalidInput("body", "has values that cannot be passed on as JSON") from None


def _result(service: str, reply: Mapping[str, Any]) -> Any:
    error = reply.get("error")
    if not error:
        return reply.get("result")
    kind = _KINDS.get(error.get("exc_type", ""))
    arguments = error.get("exc_args") or []
    if kind is not None and len(arguments) == 2:
        raise kind(str(arguments[0]), str(arguments[1]))
    raise Failure(service, f"failed with {error.get('exc_type')}")
