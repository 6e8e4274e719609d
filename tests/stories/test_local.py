"""`make run`: the services as processes of this machine, on servers that others use as well."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from chassis.client import Client
from tests.servers import BROKER_VARIABLE, Databases, VirtualHosts
from tests.system import _MORTAL, ROOT, plain_environment

Start = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def start(databases: Databases, virtual_hosts: VirtualHosts) -> Iterator[Start]:
    """`start(namespace)`: what `make run` runs, in a namespace of its own."""
    del virtual_hosts  # removes the namespace from the broker, when all tests have ended
    environment = plain_environment() | {"CDP_ADMIN_DATABASE_URI": databases.cluster.uri}
    if broker := os.environ.get(BROKER_VARIABLE):
        environment["CDP_ADMIN_AMQP_URI"] = broker
    started: list[subprocess.Popen[str]] = []

    def begin(namespace: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*_MORTAL, sys.executable, "-W", "ignore", "-m", "deploy.local"],
            cwd=ROOT,
            env=environment | {"CDP_NAMESPACE": namespace},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


def test_it_provisions_runs_what_a_shop_can_call_and_ends_when_asked(
    start: Start, databases: Databases
) -> None:
    process = start(f"{databases.prefix}_run")
    assert process.stderr
    said = ""
    while not (found := re.search(r"CDP_AMQP_URI=(\S+)\n", said)):
        said += (line := process.stderr.readline())
        assert line, said
    order = {
        "id": "o-1",
        "type": "order_completed",
        "time": "2026-11-21T19:00:00Z",
        "identifiers": {"user_id": "ann"},
        "authenticated": True,
        "data": {
            "order_id": "o-1",
            "revenue": 4_999,
            "currency": "EUR",
            "products": [{"product_id": "p-1", "quantity": 1, "price": 4_999}],
        },
    }
    with Client(found[1], timeout=60) as client:
        (receipt,) = client.call("profiles", "record", events=[order])["receipts"]
        decision = client.call(
            "offers",
            "decide",
            request={
                "placement": "checkout",
                "identifiers": {"user_id": "ann"},
                "authenticated": True,
                "at_least": receipt["token"],
                "deadline_ms": 20_000,
            },
        )
    assert (decision["profile_id"], decision["stale"]) == (receipt["profile_id"], False)
    process.send_signal(signal.SIGINT)
    said += process.communicate(timeout=60)[1]
    assert process.returncode == 0, said


@pytest.mark.parametrize("name", ["Staging", "1st", "a-b", "a" * 41])
def test_a_namespace_that_cannot_be_one_is_refused_by_its_name(start: Start, name: str) -> None:
    process = start(name)
    said = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert said.startswith("CDP_NAMESPACE: must be")
    assert said.count("\n") == 1
