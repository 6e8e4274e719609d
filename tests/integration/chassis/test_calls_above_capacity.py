"""More calls than a service can handle: those that would wait too long are answered at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import eventlet
import pytest

from chassis import InvalidInput
from chassis.runtime.service import Resource, rpc
from tests.proofs.open_loop import OpenLoopClient, TimedCall
from tests.support.servers import VirtualHost
from tests.support.toy import create_tables
from tests.support.toy_services import SERVICES, Profiles, Wire, wait_until

MOST_SECONDS = 30.0


class Helper:
    """Answers what nobody has time for."""

    def has_room(self) -> bool:
        return True

    def answer_at_once(self, argument: Any, now: int) -> Any:
        assert now > 0
        if argument == "wrong":
            raise InvalidInput("value", "is wrong")
        if argument == "odd":
            raise ZeroDivisionError("a value of jane@example.com")
        return "helper"


class Busy(Profiles):
    helper: Any = Resource(lambda _settings: Helper())

    @rpc(overflow="helper")
    def serve(self, value: Any) -> Any:
        eventlet.sleep(0.05)
        return "worker"


@pytest.fixture
def wire(virtual_host: VirtualHost, tmp_path: Path) -> Iterator[Wire]:
    uris = {service: f"sqlite:///{tmp_path}/{service}.db" for service in SERVICES}
    for uri in uris.values():
        create_tables(uri)
    made = Wire(virtual_host.uri, uris, (Busy,))
    made.start()
    yield made
    made.stop()


def ask(client: OpenLoopClient, value: object, count: int = 1) -> list[TimedCall]:
    """Send calls, and wait until each has been answered."""
    calls = [TimedCall("profiles", "serve", {"value": value}, MOST_SECONDS) for _ in range(count)]
    for call in calls:
        client.send(call)

    def are_answered() -> bool:
        client.expire()
        return all(call.answered_at is not None or call.error for call in calls)

    wait_until(are_answered)
    return calls


def test_a_standing_queue_is_answered_by_the_overflow_and_a_lone_call_by_a_worker(
    wire: Wire,
) -> None:
    with OpenLoopClient(wire.uri_of("client")) as client:
        answers = Counter(call.result for call in ask(client, "right", count=500))
        assert answers.keys() == {"helper", "worker"}
        assert answers["helper"] > 200
        assert answers["worker"] >= 10
        for value, error in (("wrong", "InvalidInput"), ("odd", "Failure")):
            errors = Counter(call.error for call in ask(client, value, count=500))
            assert errors.keys() == {"", error}, "what it refuses is its caller's alone"
        assert [call.result for call in ask(client, "right")] == ["worker"]
