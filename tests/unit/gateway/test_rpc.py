"""Facts about calls that never reach the broker."""

from __future__ import annotations

import asyncio

import pytest

from chassis.core.errors import InvalidInput, Unavailable
from services.gateway.server import rpc
from services.gateway.server.rpc import RpcClient


def test_calls_that_cannot_be_sent_keep_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rpc, "_MOST_WAITING", 1)

    async def calls() -> None:
        client = RpcClient("amqp://nobody")
        for _ in range(3):
            with pytest.raises(InvalidInput, match="JSON"):
                await client.call("profiles", "record", {"events": [10**30]}, 1.0, "test")
            with pytest.raises(Unavailable, match="out of reach"):
                await client.call("profiles", "record", {"events": []}, 1.0, "test")

    asyncio.run(calls())
