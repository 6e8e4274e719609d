"""The edge of HTTP: sockets on one side, an `HttpHandler` on the other.

No client holds a worker: reading a request has a limit in all, and so has waiting for the next one;
connections above a limit are refused at once rather than queued.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any

import eventlet
import eventlet.wsgi
from prometheus_client import Counter, Gauge

from chassis.core.deadline import answering
from chassis.runtime.http_handler import (
    BodyTimeout,
    HttpRequest,
    HttpResponse,
    error_response,
)
from chassis.runtime.intake import Intake

HTTP_REQUESTS = Counter(
    "cdp_http_requests", "Requests to the HTTP door, by path and status.", ["path", "status"]
)
HTTP_CONNECTIONS = Gauge("cdp_http_connections", "Connections to the HTTP door that are open.")
HTTP_REFUSED = Counter(
    "cdp_http_refused",
    "Connections that the HTTP door closed: too many were open (full), a client took too long to "
    "send its request (slow), had hung up before it was read (gone), or was sent away as there "
    "were more requests than could be read (overloaded).",
    ["reason"],
)
for _reason in ("full", "slow", "gone", "overloaded"):
    HTTP_REFUSED.labels(_reason)

_MOST_CONNECTIONS = 512
_READ_SECONDS = 5.0  # a request, from the end of its first line to the end of its body
_IDLE_SECONDS = 60.0  # until the end of the first line of the next one
_WRITE_SECONDS = 5.0
_BACKLOG = 128
_MOST_DRAINED = 1024 * 1024
_DRAINED_AT_ONCE = 64 * 1024
CONNECTION = "cdp.connection"
_NOT_FOUND = 404
_FULL = error_response(
    503,
    "Unavailable",
    "service",
    "has as many connections as it takes; try another address",
    (("Retry-After", "1"),),
)
_OVERLOADED = error_response(
    503,
    "Unavailable",
    "service",
    "has more requests than it can read; try another address",
    (("Retry-After", "1"),),
)

Handle = Callable[[HttpRequest], HttpResponse]
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class HttpServer:
    """Serves `handle` on a socket that is open from now on; OSError if it cannot be opened."""

    def __init__(
        self,
        address: tuple[str, int],
        handle: Handle,
        most_connections: int = _MOST_CONNECTIONS,
        read_seconds: float = _READ_SECONDS,
        idle_seconds: float = _IDLE_SECONDS,
        intake: Intake | None = None,
    ) -> None:
        self._handle = handle
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self._socket = eventlet.listen(address, family=family, backlog=_BACKLOG)
        self._pool = _BoundedPool(most_connections)
        self._protocol = partial(_Connection, intake or Intake(), read_seconds, idle_seconds)
        self._thread: Any = None
        self._is_stopping = False
        self.address: tuple[str, int] = self._socket.getsockname()[:2]

    def start(self) -> None:
        """Serve, in a greenlet of its own."""
        HTTP_CONNECTIONS.set_function(self._pool.running)
        self._thread = eventlet.spawn(
            eventlet.wsgi.server,
            self._socket,
            self,
            custom_pool=self._pool,
            protocol=self._protocol,
            socket_timeout=_WRITE_SECONDS,
            log_output=False,
            debug=False,
        )

    def stop(self, seconds: float) -> None:
        """Accept nobody any more, and wait for the requests under way, for so long at most."""
        self._is_stopping = True
        if self._thread is None:
            self._socket.close()
            return
        with eventlet.Timeout(seconds, False), suppress(eventlet.greenlet.GreenletExit):
            self._thread.kill()
            self._thread.wait()

    def __call__(self, environ: Mapping[str, Any], start: StartResponse) -> Iterable[bytes]:
        """The WSGI application."""
        connection: _Connection = environ[CONNECTION]
        if connection.is_gone():
            # Above capacity most have given up by the time that their request is read: to work for
            # these would leave the others no time.
            HTTP_REFUSED.labels("gone").inc()
            connection.close_connection = True
            start("408 Request Timeout", [("Content-Length", "0")])
            return [b""]
        request = HttpRequest(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"],
            headers={name.lower(): value for name, value in environ["headers_raw"]},
            read_body=connection.read_body,
        )
        with answering(connection.received_at):
            response = self._handle(request)
        known = request.path if response.status != _NOT_FOUND else "other"
        HTTP_REQUESTS.labels(known, str(response.status)).inc()
        connection.drain()
        if response.closes or self._is_stopping or self._pool.is_nearly_full():
            connection.close_connection = True
        body = response.body()
        start(response.status_line, [*response.all_headers(), ("Content-Length", str(len(body)))])
        return [b"" if request.method == "HEAD" else body]


class _BoundedPool(eventlet.GreenPool):
    """The connections that are served; what comes above the limit is refused at once."""

    def spawn(self, function: Any, *args: Any) -> Any:
        """Serve the connection `[address, socket, state]`, the only argument."""
        if self.free() > 0:
            return super().spawn(function, *args)
        HTTP_REFUSED.labels("full").inc()
        return eventlet.spawn(_refuse, args[0][1])

    def is_nearly_full(self) -> bool:
        """Whether connections are to end with their response, so that others find room."""
        return bool(self.free() * 4 < self.size)


class _Connection(eventlet.wsgi.HttpProtocol):
    """eventlet's HTTP, with a limit to the time that a client may take for a request."""

    def __init__(
        self, intake: Intake, read_seconds: float, idle_seconds: float, *arguments: Any
    ) -> None:
        self._intake = intake
        self._read_seconds = read_seconds
        self._idle_seconds = idle_seconds
        self._limit: Any = None
        self._is_silent = False  # nothing more is read
        self.received_at = 0.0  # the request; s, monotonic clock
        super().__init__(*arguments)

    def handle(self) -> None:
        try:
            super().handle()
        except eventlet.Timeout as timeout:
            if timeout is not self._limit:
                raise
            if self.conn_state[2] == eventlet.wsgi.STATE_REQUEST:
                HTTP_REFUSED.labels("slow").inc()
        finally:
            self._stop_waiting()

    def read_body(self, most: int) -> bytes:
        """The body, or `most` bytes of a longer one; BodyTimeout if the client takes too long."""
        try:
            return self._read(most)
        finally:
            self._stop_waiting()

    def is_gone(self) -> bool:
        """Whether the client has hung up; nothing is read."""
        try:
            # Of the socket itself, as eventlet's would wait.
            ahead = self.connection.fd.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:
            return True
        return not ahead

    def drain(self) -> None:
        """Read the rest of the body, lest it costs the client the response; close if it is long."""
        body = self.environ["wsgi.input"]
        left = _MOST_DRAINED
        if self._is_silent or body.should_send_hundred_continue:
            return
        self._wait(self._read_seconds)
        try:
            while left > 0 and (read := self._read(min(left, _DRAINED_AT_ONCE))):
                left -= len(read)
        except BodyTimeout:
            left = 0
        finally:
            self._stop_waiting()
        if left <= 0:
            self.close_connection = True

    def _read(self, most: int) -> bytes:
        try:
            return bytes(self.environ["wsgi.input"].read(most))
        except eventlet.Timeout as timeout:
            if timeout is not self._limit:
                raise
            HTTP_REFUSED.labels("slow").inc()
            self._is_silent = self.close_connection = True
            raise BodyTimeout from None
        except (OSError, eventlet.wsgi.ChunkReadError):  # the client has gone, or never knew HTTP
            self._is_silent = self.close_connection = True
            return b""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), CONNECTION: self}

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Answer what is not HTTP."""
        del code, explain
        self.close_connection = True
        self.wfile.write(
            _rendered(error_response(400, "InvalidInput", "request", f"is not HTTP: {message}"))
        )

    def _read_request_line(self) -> Any:
        self._wait(self._idle_seconds)
        self.connection.settimeout(None)
        line = super()._read_request_line()
        self._stop_waiting()
        self.received_at = time.monotonic()
        if line and not self._intake.enter():
            self._send_away()
            return b""
        self._wait(self._read_seconds)
        return line

    def _send_away(self) -> None:
        """Answer without a look at the request, which is what costs time, and close."""
        HTTP_REFUSED.labels("overloaded").inc()
        self.close_connection = True
        with suppress(OSError):
            self.wfile.write(_rendered(_OVERLOADED))
            # What has come and is not read would cost the client the response.
            self.connection.fd.recv(_DRAINED_AT_ONCE, socket.MSG_DONTWAIT)

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._limit = eventlet.Timeout(seconds)

    def _stop_waiting(self) -> None:
        if self._limit is not None:
            self._limit.cancel()


def _refuse(connection: Any) -> None:
    with suppress(OSError):
        connection.sendall(_rendered(_FULL))


def _rendered(response: HttpResponse) -> bytes:
    body = response.body()
    lines = [
        f"HTTP/1.1 {response.status_line}",
        *(f"{name}: {value}" for name, value in response.all_headers()),
        "Connection: close",
        f"Content-Length: {len(body)}",
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
