"""`python -m bench.gateway_load MODE HOST PORT KEY SECONDS CALLERS`: clients of the gateway.

It prints, as JSON, how many events were answered, in how many seconds, and the half of the
durations that were shorter. A process of its own: it is not green, as the bench is.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import time
import uuid
from typing import Any

import uvloop

from services.gateway.server.door import HttpDoorClient

BATCH = 100
SHOPPERS = 1_000  # who come back
_PATIENCE = 30.0


def item() -> dict[str, Any]:
    """A product that a browser has viewed, as Segment's SDK sends it."""
    message_id = str(uuid.uuid4())
    return {
        "type": "track",
        "event": "Product Viewed",
        "anonymousId": f"a-{random.randrange(SHOPPERS)}",
        "messageId": f"ajs-next-{message_id}",
        "properties": {"product_id": "p-1", "price": 12.5, "currency": "EUR", "category": "Shoes"},
        "context": {
            "page": {"url": "https://shop.example/p/1", "referrer": "https://www.google.com/"},
            "userAgent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/156.0.0.0",
            "locale": "de-DE",
        },
    }


def request(mode: str) -> tuple[str, Any, int]:
    """The path and body of a request, and how many events it has."""
    if mode == "batch":
        return "/v1/batch", {"batch": [item() for _ in range(BATCH)]}, BATCH
    if mode == "single":
        return "/v1/t", item(), 1
    asked = {"placement": "checkout", "identifiers": {"device_id": "d-1"}, "deadline_ms": 5_000}
    return "/v1/decide", asked, 1


async def load(mode: str, address: tuple[str, int], key: str, seconds: float, callers: int) -> str:
    """Send for so long, by so many callers at once."""
    client = HttpDoorClient(address, key)
    durations: list[float] = []
    events = 0
    began = time.perf_counter()

    async def call() -> None:
        nonlocal events
        while time.perf_counter() - began < seconds:
            path, body, count = request(mode)
            at = time.perf_counter()
            await client.call(path, body, _PATIENCE, None)
            durations.append(time.perf_counter() - at)
            events += count

    await asyncio.gather(*(call() for _ in range(callers)))
    taken = time.perf_counter() - began
    p50 = statistics.median(durations)
    return json.dumps({"events": events, "seconds": taken, "p50": p50})


if __name__ == "__main__":
    _mode, _host, _port, _key, _seconds, _callers = sys.argv[1:]
    print(
        uvloop.run(load(_mode, (_host, int(_port)), _key, float(_seconds), int(_callers))),
    )
