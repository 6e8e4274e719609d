"""A small HTTP server for a browser on this machine: what the embedded suite shows to people."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any

import eventlet
import eventlet.wsgi

from chassis.core.errors import Unavailable

_BACKLOG = 128
_CONNECTION = "cdp.connection"

Wsgi = Callable[[Mapping[str, Any], Any], Iterable[bytes]]


class HangUp(Exception):
    """The application answers nothing: the connection ends, as it does when a process dies."""


class LocalServer:
    """Serves a WSGI application, each connection in a greenlet of its own.

    Its socket is open from now on; Unavailable if it cannot be opened.
    """

    def __init__(self, host: str, port: int, application: Wsgi) -> None:
        self._application = application
        try:
            self._socket = eventlet.listen((host, port), backlog=_BACKLOG)
        except OSError as error:
            raise Unavailable(f"port {port}", f"cannot be opened: {error.strerror}") from None
        self._thread: Any = None
        self.port = int(self._socket.getsockname()[1])

    def start(self) -> None:
        """Serve, in the background."""
        self._thread = eventlet.spawn(
            eventlet.wsgi.server,
            self._socket,
            self,
            protocol=_Connection,
            log_output=False,
            debug=False,
        )

    def stop(self) -> None:
        """Accept nobody any more."""
        if self._thread is not None:
            self._thread.kill()
        self._socket.close()

    def __call__(self, environ: Mapping[str, Any], start: Any) -> Iterable[bytes]:
        """The application, whose connection ends if it hangs up."""
        try:
            return self._application(environ, start)
        except HangUp:
            environ[_CONNECTION].cut()
            start("204 No Content", [])
            return []


class _Connection(eventlet.wsgi.HttpProtocol):
    def cut(self) -> None:
        """End the connection without an answer."""
        self.close_connection = True
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), _CONNECTION: self}
