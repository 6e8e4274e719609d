"""Connections have bounds before, and after, their requests are read."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from services.gateway.server import protocol
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


@pytest.mark.parametrize("head", ["", "Connection: close\r\n"])
def test_whoever_reads_nothing_of_a_response_is_cut_off_and_whoever_is_slow_is_not(
    head: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "_UNREAD_SECONDS", 0.2)
    request = f"GET / HTTP/1.1\r\nHost: a\r\n{head}\r\n".encode()
    assert not asyncio.run(is_open_for_reader(request, wait=0.7))
    assert asyncio.run(is_open_for_reader(request, wait=0.05))


async def is_open_for_reader(request: bytes, wait: float) -> bool:
    """Whether all of a large response comes to a client that waits before each part."""
    body = bytes(16 * 1024 * 1024)

    async def large(_scope: Any, _receive: Any, send: Any) -> None:
        headers = [(b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def made() -> BoundedHttpProtocol:
        connections = Connections(most=9, most_of_address=9)
        return BoundedHttpProtocol(
            config=config, server_state=ServerState(), app_state={}, connections=connections
        )

    config = uvicorn.Config(cast("Any", large), log_config=None)
    config.load()
    server = await asyncio.get_running_loop().create_server(made, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.write(request)
    left = len(body)
    try:
        while left > 0:
            await asyncio.sleep(wait)
            left -= len(await reader.readexactly(min(left, len(body) // 8)))
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    finally:
        writer.close()
        server.close()
    return True
