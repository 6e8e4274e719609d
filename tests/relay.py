"""A way to a server that can be cut and opened again, as networks are."""

from __future__ import annotations

from contextlib import suppress
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import eventlet


class Relay:
    """Passes connections on to the server of `uri`; `relay.uri` leads there through it."""

    def __init__(self, uri: str) -> None:
        parts = urlsplit(uri)
        self._server = (parts.hostname or "localhost", parts.port or 5672)
        self._listener: Any = eventlet.listen(("127.0.0.1", 0))
        self._address = self._listener.getsockname()
        self._sockets: list[Any] = []
        account = (parts.netloc.rpartition("@")[0] + "@").removeprefix("@")
        self.uri = urlunsplit(parts._replace(netloc=f"{account}127.0.0.1:{self._address[1]}"))
        self._accepting = eventlet.spawn(self._accept)

    def cut(self) -> None:
        """Cut every connection, and refuse new ones."""
        self._accepting.kill()
        self._listener.close()
        for each in self._sockets:
            with suppress(OSError):
                each.shutdown(2)
            each.close()
        self._sockets.clear()

    def open(self) -> None:
        """Take connections again, at the same address."""
        self._listener = eventlet.listen(self._address, reuse_addr=True)
        self._accepting = eventlet.spawn(self._accept)

    def _accept(self) -> None:
        while True:
            inward, _ = self._listener.accept()
            outward = eventlet.connect(self._server)
            self._sockets += [inward, outward]
            eventlet.spawn(_copy, inward, outward)
            eventlet.spawn(_copy, outward, inward)


def _copy(source: Any, target: Any) -> None:
    with suppress(OSError, EOFError):  # eventlet's word for a socket that was closed meanwhile
        while data := source.recv(65_536):
            target.sendall(data)
    for each in (source, target):
        with suppress(OSError):
            each.shutdown(2)
