"""A TCP proxy that can be frozen, cut and opened again, as networks are."""

from __future__ import annotations

import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import eventlet


class TcpProxy:
    """Forwards connections to the server of `uri`; `through(uri)` is the way through it.

    While it is `frozen`, it holds back what is sent.
    """

    def __init__(self, uri: str) -> None:
        self.frozen = False
        parts = urlsplit(uri)
        self._server = (parts.hostname or "localhost", parts.port or 5672)
        self._listener: Any = eventlet.listen(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._passing: list[Callable[[], None]] = []
        self._accepting = eventlet.spawn(self._accept)

    def through(self, uri: str) -> str:
        """The same URI, at the address of the proxy."""
        parts = urlsplit(uri)
        account = parts.netloc.rpartition("@")[0]
        return urlunsplit(parts._replace(netloc=f"{account}@127.0.0.1:{self._address[1]}"))

    def cut(self) -> None:
        """Cut every connection, and refuse new ones."""
        self._accepting.kill()
        self._listener.close()
        self.drop()

    def drop(self) -> None:
        """Cut every connection, and take new ones."""
        for end in list(self._passing):
            end()

    def open(self) -> None:
        """Take connections again, at the same address."""
        self._listener = eventlet.listen(self._address, reuse_addr=True)
        self._accepting = eventlet.spawn(self._accept)

    def _accept(self) -> None:
        while True:
            inward, _ = self._listener.accept()
            eventlet.spawn(self._pass_on, inward, eventlet.connect(self._server))

    def _pass_on(self, inward: Any, outward: Any) -> None:
        def end() -> None:
            for each in (inward, outward):
                with suppress(OSError):
                    each.shutdown(socket.SHUT_RDWR)

        self._passing.append(end)
        ways = [(inward, outward), (outward, inward)]
        for greenlet in [eventlet.spawn(self._copy, *way, end) for way in ways]:
            greenlet.wait()
        self._passing.remove(end)
        inward.close()  # not before both have stopped reading: the number may be another's by then
        outward.close()

    def _copy(self, source: Any, target: Any, end: Callable[[], None]) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                while self.frozen:
                    eventlet.sleep(0.01)
                target.sendall(data)
        end()
