"""Twice as many requests as offers can decide: what is answered is answered in time.

What is too much is shed at once, with a reason, and a second later nothing is left of it. Next to
nobody is left without an answer, and a part of the requests is decided all the same.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import kombu
import pytest

from bench.statistics import percentile
from tests.conftest import FULL_SIZE
from tests.proofs.load_generator import NO_ANSWER, RequestLoad
from tests.proofs.timed_answers import VARIABLE, TimedAnswer, read_answers
from tests.support.ports import free_port
from tests.support.system import ROOT, ProcessSuite, plain_environment

KEY = "a-key-for-proofs-only"
DEADLINE_MS = 200
CAPACITY_SECONDS = 5.0 if FULL_SIZE else 1.5
SECONDS = 30.0 if FULL_SIZE else 3.0
# The small size runs beside other tests, on machines of which nothing is known.
LATE_MS = 10.0 if FULL_SIZE else 2_000.0
EMPTY_SECONDS = 1.0 if FULL_SIZE else 5.0
UNANSWERED = 0.05 if FULL_SIZE else 0.5  # of all requests, at most


@dataclass(frozen=True, slots=True)
class OverloadedSuite:
    """Offers with a door, as a process that notes when it answers, and how it is asked."""

    suite: ProcessSuite
    answers: Path
    by_way: dict[str, RequestLoad]

    def send(self, load: RequestLoad) -> dict[str, Any]:
        """Send a load from a process of its own: how many requests, and what came of them."""
        command = ["nice", "-n", "5", sys.executable, "-W", "ignore"]
        finished = subprocess.run(
            [*command, "-m", "tests.proofs.load_generator", json.dumps(asdict(load))],
            cwd=ROOT,
            env={**plain_environment(), "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            check=True,
        )
        result: dict[str, Any] = json.loads(finished.stdout)
        return result

    def answered_since(self, start: int) -> list[TimedAnswer]:
        """The answers from an instant (µs) on."""
        return [each for each in read_answers(self.answers) if each.at >= start]

    def waiting(self) -> int:
        """How many calls are in the queue."""
        with kombu.Connection(self.suite.client_uri) as connection:
            queue = connection.default_channel.queue_declare("rpc-offers", passive=True)
        return int(queue.message_count)


@pytest.fixture
def overloaded(suite: Callable[..., ProcessSuite], tmp_path: Path) -> OverloadedSuite:
    address = f"127.0.0.1:{free_port()}"
    started = suite(
        services=("offers",),
        environment={
            "CDP_OFFERS_HTTP": address,
            "CDP_OFFERS_KEYS": KEY,
            VARIABLE: str(tmp_path / "answers"),
        },
        program="tests.proofs.timed_answers",
    )
    load = RequestLoad(CAPACITY_SECONDS, DEADLINE_MS)
    ways = {
        "door": replace(load, door=address, key=KEY),
        "broker": replace(load, amqp_uri=started.client_uri),
    }
    return OverloadedSuite(started, tmp_path / "answers", ways)


@pytest.mark.parametrize("way", ["door", "broker"])
def test_at_twice_capacity_no_answer_is_late_and_nothing_is_left_afterwards(
    overloaded: OverloadedSuite, way: str
) -> None:
    load = overloaded.by_way[way]
    overloaded.send(replace(load, seconds=1.0))  # warms up
    decided = overloaded.send(replace(load, deadline_ms=5_000))["outcomes"]["ok"]
    capacity = decided / CAPACITY_SECONDS
    start = now()
    asked = overloaded.send(replace(load, seconds=SECONDS, rate=2 * capacity))
    end = now()
    time.sleep(EMPTY_SECONDS)
    answers = overloaded.answered_since(start)
    late = percentile([each.late / 1_000 for each in answers], 99)
    for_sender = percentile([each.late_for_sender / 1_000 for each in answers], 99)
    print(
        f"{way}: {capacity:.0f}/s; of {asked['sent']} {asked['outcomes']}; "
        f"{len(answers)} answers, at p99 {late:+.1f} ms from the deadline "
        f"({for_sender:+.1f} by the sender's clock), "
        f"the last {(answers[-1].at - end) / 1_000:+.0f} ms from the end"
    )
    assert late <= LATE_MS
    assert overloaded.waiting() == 0
    assert overloaded.answered_since(end + int(1_000_000 * EMPTY_SECONDS)) == []
    assert overloaded.send(replace(load, seconds=0.5, callers=1))["outcomes"].get("ok", 0) > 0
    assert asked["outcomes"].get("failed", 0) == 0
    assert asked["outcomes"].get(NO_ANSWER, 0) <= UNANSWERED * asked["sent"]
    assert asked["outcomes"]["ok"] >= 0.1 * capacity * SECONDS


def now() -> int:
    """µs, by the clock of this machine."""
    return time.time_ns() // 1_000
