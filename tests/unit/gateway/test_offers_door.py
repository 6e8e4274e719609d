"""Facts about asking offers' HTTP door: what may be asked twice, and what may not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from chassis.core.errors import Unavailable
from services.gateway.domain.exchange import ServiceCall
from services.gateway.server.calls import CallOrigin, Services
from services.gateway.server.door import HttpDoorClient, NotSent
from tests.support.ports import free_port

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
DECISION = {"decision_id": "by-rpc"}


class TornDoor:
    """A door that answers the first request of each connection, and tears it at the second."""

    def __init__(self, answers: int = 1) -> None:
        self.requests = 0
        self._answers = answers
        self._torn: list[asyncio.Event] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests of a connection, each of which ends with its body `{...}`."""
        self._torn.append(torn := asyncio.Event())
        for _ in range(self._answers):
            if not await self._read(reader):
                break
            writer.write(ANSWER)
        else:
            await self._read(reader)
        writer.transport.abort()
        torn.set()

    async def ended(self) -> None:
        """Wait until every connection is torn."""
        for torn in self._torn:
            await torn.wait()
        await asyncio.sleep(0)

    async def _read(self, reader: asyncio.StreamReader) -> bool:
        try:
            await reader.readuntil(b"}")
        except asyncio.IncompleteReadError:
            return False
        self.requests += 1
        return True


@asynccontextmanager
async def open_door(door: TornDoor) -> AsyncIterator[HttpDoorClient]:
    server = await asyncio.start_server(door.serve, "127.0.0.1", 0)
    client = HttpDoorClient(server.sockets[0].getsockname()[:2], "key")
    try:
        yield client
    finally:
        client.close()
        server.close()
        await door.ended()


class AskedRpc:
    """RPC that answers, and counts how often it was asked."""

    def __init__(self) -> None:
        self.calls = 0

    async def call(self, *_arguments: Any) -> Any:
        self.calls += 1
        return DECISION


async def decided(door: HttpDoorClient, rpc: AskedRpc, reserve: Any) -> Any:
    def steps() -> Generator[ServiceCall | list[ServiceCall], Any, Any]:
        request = {"placement": "checkout", "reserve": reserve}
        return (yield ServiceCall("offers", "decide", {"request": request}))

    services = Services(cast("Any", rpc), cast("Any", None), door)
    return await services.carry_out(steps(), CallOrigin("test"))


def test_a_decision_on_a_connection_that_is_torn_is_asked_again() -> None:
    async def run() -> int:
        async with open_door(door := TornDoor()) as client:
            for _ in range(2):
                assert await client.call("/v1/decide", {}, 5.0, None) == {}
        return door.requests

    assert asyncio.run(run()) == 3


def test_a_reservation_is_sent_once_and_over_no_connection_that_was_kept() -> None:
    async def run() -> int:
        async with open_door(door := TornDoor()) as client:
            for _ in range(3):
                assert await client.call_once("/v1/decide", {}, 5.0, None) == {}
        return door.requests

    assert asyncio.run(run()) == 3


@pytest.mark.parametrize("reserve", [True, "yes", 1])
def test_a_reservation_that_may_have_been_made_is_not_made_again_by_rpc(reserve: Any) -> None:
    async def run() -> tuple[int, int]:
        rpc = AskedRpc()
        async with open_door(door := TornDoor(answers=0)) as client:
            with pytest.raises(Unavailable):
                await decided(client, rpc, reserve)
        return door.requests, rpc.calls

    assert asyncio.run(run()) == (1, 0)


@pytest.mark.parametrize("reserve", [False, None])
def test_a_decision_that_reserves_nothing_is_asked_by_rpc_if_the_door_tears(reserve: Any) -> None:
    async def run() -> tuple[Any, int]:
        rpc = AskedRpc()
        async with open_door(TornDoor(answers=0)) as client:
            return await decided(client, rpc, reserve), rpc.calls

    assert asyncio.run(run()) == (DECISION, 1)


def test_a_reservation_is_made_by_rpc_if_the_door_has_surely_not_got_it() -> None:
    async def run() -> tuple[list[Any], int]:
        rpc = AskedRpc()
        client = HttpDoorClient(("127.0.0.1", free_port()), "key")
        with pytest.raises(NotSent):
            await client.call_once("/v1/decide", {}, 5.0, None)
        return [await decided(client, rpc, True) for _ in range(2)], rpc.calls

    assert asyncio.run(run()) == ([DECISION, DECISION], 2)
