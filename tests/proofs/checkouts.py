"""A shop's process: checkouts that ask for decisions all the time, whatever fails.

    python -m tests.proofs.checkouts '{"doors": ["127.0.0.1:8090"], …}'

Some ask by the client of examples/checkout, and report what they show; the others ask one door
each. It ends when the file `stop` is in its directory and all reports are accepted. Each call is a
line of the file `calls`: see `CheckoutCall`.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.proofs.heartbeats import start_heartbeat

CHECKOUT = Path(__file__).parents[2] / "examples" / "checkout"
CLIENT = "client"
_HANGS = 5.0  # seconds: a door that takes longer does not answer at all


@dataclass(frozen=True, slots=True)
class CheckoutsSettings:
    """What such a process is told: whom its checkouts ask, how often, and how long each waits."""

    doors: list[str]
    key: str
    amqp_uri: str
    directory: str
    seconds: float
    pause: float
    threads: int
    heartbeats: str

    @property
    def calls(self) -> Path:
        """The file of the calls."""
        return Path(self.directory, "calls")

    @property
    def stop(self) -> Path:
        """The file that ends the process."""
        return Path(self.directory, "stop")


@dataclass(frozen=True, slots=True)
class CheckoutCall:
    """A call of a checkout `by` the client or a door, from `began` on (s, monotonic clock).

    `reported` are the blocks that are reported as shown: slot and offer. `error` says why there is
    no answer.
    """

    by: str
    began: float
    ended: float
    decision_id: str | None = None
    degraded: list[str] = field(default_factory=list)
    reported: list[tuple[str, str | None]] = field(default_factory=list)
    error: str = ""


def requests(name: str) -> Iterator[dict[str, Any]]:
    """All kinds of well-formed requests, in turn, for ever."""
    context = {"value": 12_000, "currency": "EUR", "device": "mobile"}
    for number in count():
        device = {"identifiers": {"device_id": f"{name}-{number % 20}"}}
        yield {"placement": "checkout", "context": context}
        yield {"placement": "checkout", "context": context, **device}
        yield {"placement": "checkout", "context": context, **device, "reserve": True}
        # An event that nobody has recorded: it is looked for in profiles.
        yield {"placement": "checkout", **device, "at_least": {f"{name}-{number}": 1}}


def main() -> None:
    """Run the checkouts of a shop."""
    shop = CheckoutsSettings(**json.loads(sys.argv[1]))
    start_heartbeat(shop.heartbeats)
    sys.path.insert(0, str(CHECKOUT))
    from cdp_client import Cdp  # type: ignore[import-not-found] # files for shops to copy
    from checkout import Checkout  # type: ignore[import-not-found]

    client = Checkout(shop.doors, shop.key, shop.directory, Cdp(shop.amqp_uri, wait=shop.seconds))
    client.start(pause=0.2)
    with shop.calls.open("w") as calls:
        asking = [_asking_the_client(client, shop)] * shop.threads
        asking += [_asking_a_door(door, shop) for door in shop.doors for _ in range(shop.threads)]
        threads = [
            threading.Thread(target=_go_on, args=(ask, f"shop-{number}", shop, calls))
            for number, ask in enumerate(asking)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    while client.send_reports():
        time.sleep(0.1)


Ask = Callable[[dict[str, Any]], CheckoutCall]


def _go_on(ask: Ask, name: str, shop: CheckoutsSettings, calls: Any) -> None:
    for request in requests(name):
        if shop.stop.exists():
            return
        line = json.dumps(asdict(ask(request)))
        print(line, file=calls, flush=True)
        time.sleep(shop.pause)


def _asking_the_client(client: Any, shop: CheckoutsSettings) -> Ask:
    def ask(request: dict[str, Any]) -> CheckoutCall:
        began = time.monotonic()
        try:
            decision = client.decide(request, shop.seconds)
        except Exception as error:  # noqa: BLE001 - the proof says what it was
            return CheckoutCall(CLIENT, began, time.monotonic(), error=repr(error))
        ended = time.monotonic()
        is_kept = client.report(decision, "shown")
        id_, degraded = decision["decision_id"], decision["degraded"]
        reported = [
            (slot, block["offer_id"])
            for slot, blocks in decision["slots"].items()
            for block in blocks
            if is_kept and id_ is not None and "decision_not_logged" not in degraded
        ]
        return CheckoutCall(CLIENT, began, ended, id_, degraded, reported)

    return ask


def _asking_a_door(address: str, shop: CheckoutsSettings) -> Ask:
    headers = {"Authorization": f"Bearer {shop.key}"}
    deadline = {"deadline_ms": int(1_000 * shop.seconds)}
    local = threading.local()

    def ask(request: dict[str, Any]) -> CheckoutCall:
        began = time.monotonic()
        try:
            connection = getattr(local, "connection", None)
            if connection is None:
                local.connection = connection = http.client.HTTPConnection(address, timeout=_HANGS)
            connection.request("POST", "/v1/decide", json.dumps({**request, **deadline}), headers)
            response = connection.getresponse()
            body = response.read()
        except (OSError, http.client.HTTPException) as error:
            local.connection = None
            return CheckoutCall(address, began, time.monotonic(), error=repr(error))
        ended = time.monotonic()
        answer: dict[str, Any] = {}
        with suppress(ValueError):
            answer = json.loads(body)
        if response.status != http.HTTPStatus.OK:
            return CheckoutCall(address, began, ended, error=f"{response.status} {answer}")
        return CheckoutCall(address, began, ended, answer["decision_id"], answer["degraded"])

    return ask


if __name__ == "__main__":
    main()
