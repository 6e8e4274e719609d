"""Ten thousand bad requests to a gateway on RabbitMQ and PostgreSQL, and decisions meanwhile.

Some are made of its OpenAPI document, by schemathesis, the others by hand: bombs, depth, lengths
that lie, slow bodies, floods of headers, wrong encodings, broken text, chunks that are none.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from services.gateway.domain.sources import EventSource
from tests.proofs.bad_requests import FuzzTask
from tests.support.gateway_process import GatewayProcess
from tests.support.ports import free_port
from tests.support.servers import Databases, VirtualHosts
from tests.support.system import ROOT, ProcessSuite, plain_environment

pytestmark = pytest.mark.timeout(3_600)  # of which the full size takes a quarter

MB = 1024 * 1024
# A body of 4 MB, which a secret key may send, has up to forty times its size as Python objects.
MOST_GROWTH = 512 * MB
MOST_LEFT = 256 * MB
SHOPPER = "203.0.113.9"
DOOR_KEY = "a-key-for-proofs-only"


@dataclass(slots=True)
class FuzzOutcome:
    """What came of all requests, and how much memory (bytes) the gateway had."""

    sent: int
    statuses: dict[str, int]
    problems: list[str]
    before: int
    peak: int
    after: int
    decisions: Counter[int] = field(default_factory=Counter)
    refusals: list[str] = field(default_factory=list)
    log: str = ""

    def by_status(self) -> dict[int, int]:
        """How many answers had each status."""
        counts: Counter[int] = Counter()
        for name, number in sorted(self.statuses.items()):
            counts[int(name.rpartition(": ")[2])] += number
        return dict(sorted(counts.items()))


class SteadyShopper:
    """Asks for decisions, one after the other, behind the proxy that the gateway trusts."""

    def __init__(self, gateway: GatewayProcess, key: str) -> None:
        self.decisions: Counter[int] = Counter()
        self.refusals: list[str] = []
        self._gateway = gateway
        self._key = key
        self._ends = Event()
        self._thread = Thread(target=self._ask)

    def __enter__(self) -> SteadyShopper:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._ends.set()
        self._thread.join()

    def _ask(self) -> None:
        asked = {"placement": "checkout", "identifiers": {"device_id": "d-1"}}
        headers = {"X-Forwarded-For": SHOPPER}
        while not self._ends.is_set():
            answer = self._gateway.post("/v1/decide", asked, self._key, headers)
            self.decisions[answer.status] += 1
            if answer.status != 200:
                self.refusals.append(answer.content.decode())
            time.sleep(0.05)


@pytest.fixture(scope="module")
def gateway(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[GatewayProcess]:
    """The gateway before services in processes of their own, as they are deployed.

    In one process they would share its one thread: offers would wait while profiles looks through
    megabytes of events, and decisions would be late by that.
    """
    door = f"127.0.0.1:{free_port()}"
    environment = {
        "CDP_GATEWAY_ADDRESS_RATE": "100000",
        "CDP_GATEWAY_KEY_RATE": "100000",
        "CDP_GATEWAY_OFFERS": f"http://{door}",
        "CDP_GATEWAY_OFFERS_KEY": DOOR_KEY,
    }
    of_offers = {"CDP_OFFERS_HTTP": door, "CDP_OFFERS_KEYS": DOOR_KEY}
    directory: Path = tmp_path_factory.mktemp("gateway")
    with (
        ProcessSuite(databases, virtual_hosts, environment=of_offers, directory=directory) as suite,
        GatewayProcess(suite, environment) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def fuzzed(gateway: GatewayProcess, size: Callable[[int, int], int]) -> FuzzOutcome:
    number = size(120, 10_000)
    browser_key = gateway.add(EventSource("web", "Web", "browser", store="shop"))
    task = FuzzTask(
        port=gateway.port,
        browser_key=browser_key,
        server_key=gateway.add_key("web", "server"),
        by_document=number // 3,
        by_hand=number - number // 3,
        slow=size(2, 50),
        seed=random.randrange(2**32),
    )
    print(f"seed {task.seed}")
    before = gateway.memory()
    with SteadyShopper(gateway, browser_key) as shopper:
        report = send(task)
    after = gateway.memory()
    return FuzzOutcome(
        sent=report["sent"],
        statuses=report["statuses"],
        problems=report["problems"],
        before=before.now,
        peak=after.peak,
        after=after.now,
        decisions=shopper.decisions,
        refusals=shopper.refusals,
        log=gateway.log(),
    )


def send(task: FuzzTask) -> Any:
    """The report of the program that sends all of it."""
    words = {name: getattr(task, name) for name in task.__slots__}
    finished = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.proofs.gateway_fuzzer", json.dumps(words)],
        cwd=ROOT,
        env={**plain_environment(), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        check=True,
    )
    return json.loads(finished.stdout)


def test_no_request_makes_the_gateway_fail(
    fuzzed: FuzzOutcome, size: Callable[[int, int], int]
) -> None:
    print(f"{fuzzed.sent} requests: {fuzzed.by_status()}")
    assert fuzzed.sent >= size(120, 10_000) * 0.95
    assert 500 not in fuzzed.by_status()
    assert [line for line in fuzzed.log.splitlines() if '"level": "error"' in line] == []
    assert "Traceback" not in fuzzed.log


def test_every_answer_is_documented_and_every_error_says_what_is_wrong(
    fuzzed: FuzzOutcome,
) -> None:
    assert fuzzed.problems == []
    assert {200, 400, 401, 404} <= set(fuzzed.by_status())


def test_decisions_are_answered_meanwhile(fuzzed: FuzzOutcome) -> None:
    print(f"decisions: {dict(fuzzed.decisions)}")
    assert fuzzed.refusals == []
    assert fuzzed.decisions[200] > 10


def test_memory_stays_within_bounds(fuzzed: FuzzOutcome) -> None:
    print(f"MB: {[round(each / MB) for each in (fuzzed.before, fuzzed.peak, fuzzed.after)]}")
    assert fuzzed.peak - fuzzed.before <= MOST_GROWTH
    assert fuzzed.after - fuzzed.before <= MOST_LEFT
