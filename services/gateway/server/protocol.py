"""uvicorn's HTTP/1.1, with bounds to what a client may send before its request is one.

uvicorn bounds neither the number of header bytes nor the time that they take: a client could fill
the memory, or keep connections open, without ever sending a request.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from chassis.core.json import dump_json
from services.gateway.server.connections import ConnectionRefusal, Connections

_MOST_HEADER_BYTES = 32 * 1024
_HEADER_SECONDS = 10.0
_REFUSED_SECONDS = 1.0
_UNREAD_SECONDS = 30.0  # that a client may take nothing of what is sent to it
_MOST_PIPELINED = 20  # requests that wait for the response of one before them
_LONG_HEADERS = ConnectionRefusal(
    431, "too_large", f"headers: are more than {_MOST_HEADER_BYTES:,} bytes"
)


class TooManyPipelined(Exception):
    """A client sends request after request without waiting for their responses."""


class QuietTransport:
    """A transport that drops what is written to a connection which is gone.

    uvicorn learns only later that it is, and each client that hangs up would be a fault in the log.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Send something, if anybody can get it."""
        if not self._transport.is_closing():
            self._transport.write(data)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Closes a connection whose headers are too long or too slow, which is no HTTP, or not read.

    One that is one too many is refused in answer to its first bytes: sooner, it would see a reset.
    """

    def __init__(self, *arguments: Any, connections: Connections, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._open = connections
        self._refusal: ConnectionRefusal | None = None
        self._address = ""
        self._header_bytes = 0
        self._is_in_head = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("Any", QuietTransport(transport)))
        self._address = self.client[0] if self.client else ""
        self._refusal = self._open.open(self._address)
        self._wait_for_head(_HEADER_SECONDS if self._refusal is None else _REFUSED_SECONDS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.close(self._address)
        self._stop_waiting()
        self._stop_unread()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refusal is not None:
            self._refuse(self._refusal)
            return
        if self._is_in_head:
            self._header_bytes += len(data)
            if self._head_timer is None:
                self._wait_for_head()
        super().data_received(data)
        if self._is_in_head and self._header_bytes > _MOST_HEADER_BYTES:
            self._refuse(_LONG_HEADERS)

    def on_headers_complete(self) -> None:
        """Take the head of a request, if not too many wait: all those of a packet are parsed."""
        if len(self.pipeline) >= _MOST_PIPELINED:
            self.transport.abort()
            raise TooManyPipelined
        self._is_in_head = False
        self._stop_waiting()
        super().on_headers_complete()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or a trailer of a chunked body: nothing else bounds how many these are."""
        if not self._is_in_head:
            self._header_bytes += len(name) + len(value)
            if self._header_bytes > _MOST_HEADER_BYTES:
                self.transport.abort()
                return
        super().on_header(name, value)

    def on_message_complete(self) -> None:
        self._is_in_head, self._header_bytes = True, 0
        self._stop_waiting()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Wait for the rest of a body that was answered before it had come, but not for ever."""
        super().on_response_complete()
        if not self._is_in_head:
            self._wait_for_head()
        if self.transport.is_closing():
            self._wait_for_reader()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_for_reader()

    def pause_writing(self) -> None:
        """Wait until the client takes what is sent to it, but not for ever."""
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        super().resume_writing()
        if not self.transport.is_closing():
            self._stop_unread()

    def send_400_response(self, msg: str) -> None:
        message = f"request: is not HTTP ({msg})"
        self._refuse(ConnectionRefusal(400, "invalid_input", message))

    def _wait_for_head(self, seconds: float = _HEADER_SECONDS) -> None:
        self._stop_waiting()
        self._head_timer = self.loop.call_later(seconds, self.transport.abort)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _wait_for_reader(self) -> None:
        self._stop_unread()
        left = self.transport.get_write_buffer_size()
        self._unread_timer = self.loop.call_later(_UNREAD_SECONDS, self._cut_if_unread, left)

    def _cut_if_unread(self, before: int) -> None:
        """Cut the connection if no less is left to be sent than before."""
        if self.transport.get_write_buffer_size() < before:
            self._wait_for_reader()
        else:
            self.transport.abort()

    def _stop_unread(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _refuse(self, refusal: ConnectionRefusal) -> None:
        """Answer what no application sees, and close."""
        if self.transport.is_closing():
            return
        body = dump_json({"code": refusal.code, "message": refusal.message}).encode()
        head = (
            f"HTTP/1.1 {refusal.status} Refused\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()
