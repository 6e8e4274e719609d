"""Offers' HTTP door, asked over connections that are kept open."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

import httptools

from chassis.core.errors import Conflict, InvalidInput, NotFound, Refused, ServiceError, Unavailable
from chassis.core.json import dump_json, load_json

_MOST_IDLE = 32
_CONNECT_SECONDS = 0.5
_AWAY_SECONDS = 1.0  # after a failure, RPC is asked at once
_KINDS: dict[int, type[ServiceError]] = {
    400: InvalidInput,
    403: Refused,
    404: NotFound,
    409: Conflict,
}

Send = Callable[[bytes], Awaitable[tuple[int, bytes]]]


class NotSent(Unavailable):
    """The door has not got the request: to ask elsewhere does nothing twice."""


class HttpDoorClient:
    """Posts JSON to one address, as many requests at once as there are.

    A connection that was kept may be closed by the other side just as a request goes out, and
    nobody knows whether it was read: `call` then sends it again, `call_once` takes no such
    connection.
    """

    def __init__(self, address: tuple[str, int], key: str) -> None:
        self._address = address
        self._idle: list[_Connection] = []
        host, port = address
        self._head = (
            f"Host: {host}:{port}\r\nAuthorization: Bearer {key}\r\n"
            "Content-Type: application/json\r\n"
        )
        self._away_until = 0.0

    async def call(self, path: str, body: Any, seconds: float, traceparent: str | None) -> Any:
        """What is answered; raises its error, or Unavailable if there is none in time."""
        return await self._call(self._sent, path, body, seconds, traceparent)

    async def call_once(self, path: str, body: Any, seconds: float, traceparent: str | None) -> Any:
        """The same for what must not happen twice; NotSent if it has surely not happened."""
        return await self._call(self._sent_once, path, body, seconds, traceparent)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        while self._idle:
            self._idle.pop().close()

    async def _call(
        self, send: Send, path: str, body: Any, seconds: float, traceparent: str | None
    ) -> Any:
        now = asyncio.get_running_loop().time
        if now() < self._away_until:
            raise NotSent("offers", "did not answer a moment ago; try again")
        try:
            content = dump_json(body).encode()
        except TypeError:
            raise InvalidInput("body", "has values that cannot be passed on as JSON") from None
        request = self._request(path, content, traceparent)
        try:
            async with asyncio.timeout(seconds):
                status, answered = await send(request)
        except (OSError, TimeoutError, httptools.HttpParserError, NotSent) as error:
            self._away_until = now() + _AWAY_SECONDS
            if isinstance(error, NotSent):
                raise
            raise _out_of_reach(Unavailable, error) from None
        return _result(status, answered)

    def _request(self, path: str, body: bytes, traceparent: str | None) -> bytes:
        trace = f"traceparent: {traceparent}\r\n" if traceparent else ""
        head = f"POST {path} HTTP/1.1\r\n{self._head}{trace}Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    async def _sent(self, request: bytes) -> tuple[int, bytes]:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                with suppress(ConnectionError):  # it was closed as we wrote: by another one
                    return await self._over(connection, request)
        return await self._sent_once(request)

    async def _sent_once(self, request: bytes) -> tuple[int, bytes]:
        try:
            connection = await self._connect()
        except (OSError, TimeoutError) as error:
            raise _out_of_reach(NotSent, error) from None
        return await self._over(connection, request)

    async def _over(self, connection: _Connection, request: bytes) -> tuple[int, bytes]:
        is_done = False
        try:
            response = await connection.send(request)
            is_done = True
            return response
        finally:
            if is_done and connection.is_open and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
            else:
                connection.close()

    async def _connect(self) -> _Connection:
        loop = asyncio.get_running_loop()
        host, port = self._address
        made = cast("Callable[[], _Connection]", _Connection)
        async with asyncio.timeout(_CONNECT_SECONDS):
            _transport, connection = await loop.create_connection(made, host, port)
        return connection


class _Connection(asyncio.Protocol):
    """One request at a time; what the parser finds of its response ends up here."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._parser = httptools.HttpResponseParser(self)
        self._reply: asyncio.Future[tuple[int, bytes]] | None = None
        self._body = bytearray()
        self.is_open = False

    async def send(self, request: bytes) -> tuple[int, bytes]:
        """The status and body of the response to a request."""
        if self._transport is None or not self.is_open:
            raise ConnectionResetError
        self._parser = httptools.HttpResponseParser(self)
        self._body = bytearray()
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._reply

    def close(self) -> None:
        """Close the connection."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.is_open = True

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._fail(error)
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._fail(ConnectionResetError(str(exc or "closed")))

    def on_body(self, body: bytes) -> None:
        """The parser has found a part of the body."""
        self._body += body

    def on_message_complete(self) -> None:
        """The parser has found the end of the response."""
        if not self._parser.should_keep_alive():
            self.is_open = False
        if self._reply is not None and not self._reply.done():
            self._reply.set_result((self._parser.get_status_code(), bytes(self._body)))

    def _fail(self, error: Exception) -> None:
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(error)


def _out_of_reach(kind: type[Unavailable], error: Exception) -> Unavailable:
    return kind("offers", f"is out of reach ({type(error).__name__}); try again")


def _result(status: int, content: bytes) -> Any:
    try:
        answer = load_json(content)
    except ValueError:
        raise Unavailable("offers", f"answered {status} without JSON; try again") from None
    if status == 200:
        return answer
    kind = _KINDS.get(status)
    if kind is None:  # its key is wrong, it is stopping, or it has failed: by RPC it may not
        raise Unavailable("offers", f"answered {status}; try again")
    raise kind(str(answer.get("field", "")), str(answer.get("message", "")))
