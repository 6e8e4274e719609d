"""Asks offers for decisions at a rate, whatever comes of them: a process of its own, and niced.

    python -m tests.proofs.load_generator '{"door": "127.0.0.1:8090", …}'

It prints how many requests were sent, and by outcome how many of them were answered: `ok`, the
first code of a degraded decision, `503`, or `none`.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from tests.proofs.open_loop import OpenLoopClient, TimedCall

Ask = Callable[[], Coroutine[None, None, None]]

_WAY_BACK = 0.03  # seconds that a client waits longer than it gives the server
NO_ANSWER = "none"
SENT_AWAY = "503"


@dataclass(frozen=True, slots=True)
class RequestLoad:
    """Requests at a `rate` (per second) for so many seconds; at a rate of 0 each of `callers` asks
    again once it has its answer. They go to a door, or over the broker at `amqp_uri`."""

    seconds: float
    deadline_ms: int
    rate: float = 0.0
    callers: int = 8
    door: str = ""
    key: str = ""
    amqp_uri: str = ""


class RequestCount:
    """What came of the requests of a load."""

    def __init__(self) -> None:
        self.sent = 0
        self.outcomes: Counter[str] = Counter()

    def request(self, load: RequestLoad) -> dict[str, Any]:
        """The next request."""
        self.sent += 1
        return {
            "placement": "checkout",
            "identifiers": {"device_id": f"device-{self.sent % 500}"},
            "context": {"value": 12_000, "currency": "EUR", "device": "mobile"},
            "deadline_ms": load.deadline_ms,
            "sent_at": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
        }

    def take(self, decision: Any) -> None:
        """Count an answer."""
        self.outcomes[(decision["degraded"] or ["ok"])[0] if decision else NO_ANSWER] += 1


class DoorConnections:
    """Any number of connections to a door, each with one request at a time."""

    def __init__(self, load: RequestLoad, asked: RequestCount) -> None:
        self._load = load
        self._asked = asked
        self._host, _, port = load.door.rpartition(":")
        self._port = int(port)
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self) -> None:
        """One request; who waits too long hangs up."""
        decision = None
        try:
            async with asyncio.timeout(self._load.deadline_ms / 1_000 + _WAY_BACK):
                decision = await self._exchange(json.dumps(self._asked.request(self._load)))
        except (TimeoutError, OSError, asyncio.IncompleteReadError):
            pass
        self._asked.take(decision)

    async def _exchange(self, body: str) -> Any:
        if self._idle:
            reader, writer = self._idle.pop()
        else:
            reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(self._head(body) + body.encode())
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            length = int(head.partition("content-length: ")[2].partition("\r\n")[0])
            answer = json.loads(await reader.readexactly(length))
        except BaseException:
            writer.close()
            raise
        if "connection: close" in head:
            writer.close()
        else:
            self._idle.append((reader, writer))
        return answer if head.startswith("http/1.1 200") else {"degraded": [SENT_AWAY]}

    def _head(self, body: str) -> bytes:
        return (
            f"POST /v1/decide HTTP/1.1\r\nHost: {self._load.door}\r\n"
            f"Authorization: Bearer {self._load.key}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode()


async def ask_door(load: RequestLoad) -> RequestCount:
    """Send a load to a door."""
    asked = RequestCount()
    client = DoorConnections(load, asked)
    await _at_rate(load, client.ask) if load.rate else await _in_turn(load, client.ask)
    return asked


async def _at_rate(load: RequestLoad, ask: Ask) -> None:
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        for number in range(int(load.seconds * load.rate)):
            await asyncio.sleep(max(0.0, began + number / load.rate - time.monotonic()))
            group.create_task(ask())


async def _in_turn(load: RequestLoad, ask: Ask) -> None:
    until = time.monotonic() + load.seconds

    async def go_on() -> None:
        while time.monotonic() < until:
            await ask()

    async with asyncio.TaskGroup() as group:
        for _ in range(load.callers):
            group.create_task(go_on())


def ask_over_broker(load: RequestLoad) -> RequestCount:
    """Send a load over the broker."""
    asked = RequestCount()
    open_calls = 0

    def done(call: TimedCall) -> None:
        nonlocal open_calls
        open_calls -= 1
        asked.take(call.result if call.in_time else None)

    with OpenLoopClient(load.amqp_uri) as client:
        began, number = time.monotonic(), 0
        while (passed := time.monotonic() - began) < load.seconds or open_calls:
            due = int(passed * load.rate) if load.rate else number + load.callers - open_calls
            while passed < load.seconds and number < due:
                arguments = {"request": asked.request(load)}
                limit = load.deadline_ms / 1_000 + _WAY_BACK
                client.send(TimedCall("offers", "decide", arguments, limit, done=done))
                number += 1
                open_calls += 1
            client.expire()
            time.sleep(0.001)
    return asked


def main() -> None:
    """Send a load and print what came of it."""
    load = RequestLoad(**json.loads(sys.argv[1]))
    asked = asyncio.run(ask_door(load)) if load.door else ask_over_broker(load)
    print(json.dumps({"sent": asked.sent, "outcomes": asked.outcomes}))


if __name__ == "__main__":
    main()
