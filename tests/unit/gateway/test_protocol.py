"""Connections have bounds before, and after, their requests are read."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import uvicorn
from uvicorn.server import ServerState

from services.gateway.server.connections import Connections
from services.gateway.server.protocol import BoundedHttpProtocol, QuietTransport

CHUNKED = b"GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"


class CutTransport(asyncio.Transport):
    """A transport that sends nothing anywhere, and notes whether it was cut."""

    def __init__(self) -> None:
        super().__init__()
        self.is_cut = False

    def abort(self) -> None:
        self.is_cut = True

    def close(self) -> None:
        self.is_cut = True

    def is_closing(self) -> bool:
        return self.is_cut

    def write(self, data: Any) -> None:
        pass

    def pause_reading(self) -> None:
        pass

    def resume_reading(self) -> None:
        pass


async def cut_after(*parts: bytes) -> bool:
    """Whether a connection that sends these parts is cut."""

    async def nothing(_scope: Any, _receive: Any, _send: Any) -> None: ...

    config = uvicorn.Config(cast("Any", nothing), log_config=None)
    config.load()
    transport = CutTransport()
    connections = Connections(most=10, most_of_address=10)
    protocol = BoundedHttpProtocol(
        config=config, server_state=ServerState(), app_state={}, connections=connections
    )
    protocol.connection_made(transport)
    for part in parts:
        protocol.data_received(part)
    is_cut = transport.is_cut
    protocol.connection_lost(None)
    return is_cut


def test_trailers_without_end_cut_the_connection() -> None:
    trailers = [b"X-Trailer: " + b"x" * 1_000 + b"\r\n"] * 40
    assert asyncio.run(cut_after(CHUNKED, *trailers))


def test_some_trailers_do_not() -> None:
    assert not asyncio.run(cut_after(CHUNKED, b"X-Trailer: x\r\n", b"\r\n", CHUNKED))


def test_a_packet_full_of_requests_cuts_the_connection_before_they_fill_the_memory() -> None:
    request = b"GET / HTTP/1.1\r\n\r\n"
    assert asyncio.run(cut_after(request * 10_000))
    assert not asyncio.run(cut_after(request * 10))


def test_what_is_written_to_a_connection_that_is_gone_is_dropped_and_no_fault() -> None:
    class GoneTransport(CutTransport):
        def write(self, data: Any) -> None:
            assert not self.is_cut, "uvloop raises here"

    transport = GoneTransport()
    quiet = QuietTransport(transport)
    quiet.write(b"before")
    quiet.close()
    quiet.write(b"after")
