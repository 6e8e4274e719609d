"""`make run`: the services as processes of this machine, on servers that others use as well."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from chassis.runtime.client import Client
from tests.support.servers import BROKER_VARIABLE, Databases, VirtualHosts
from tests.support.system import _MORTAL, ROOT, plain_environment

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(databases: Databases, virtual_hosts: VirtualHosts) -> Iterator[Start]:
    """`start(namespace)`: what `make run` runs, in a namespace of its own."""
    del virtual_hosts  # removes the namespace from the broker, when all tests have ended
    environment = plain_environment() | {
        "CDP_ADMIN_DATABASE_URI": databases.cluster.uri,
        "CDP_GATEWAY_HTTP": "127.0.0.1:0",
        "CDP_OFFERS_HTTP": "127.0.0.1:0",
    }
    if broker := os.environ.get(BROKER_VARIABLE):
        environment["CDP_ADMIN_AMQP_URI"] = broker
    started: list[subprocess.Popen[str]] = []

    def begin(namespace: str, **settings: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*_MORTAL, sys.executable, "-W", "ignore", "-m", "deploy.local"],
            cwd=ROOT,
            env=environment | {"CDP_NAMESPACE": namespace} | settings,
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
    errors = ""
    while "Ctrl-C stops them" not in errors:
        errors += (line := process.stderr.readline())
        assert line, errors
    match = re.search(r"CDP_AMQP_URI=(\S+)\n", errors)
    assert match
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
    with Client(match[1], timeout=60) as client:
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
    file = ROOT / ".run" / f"environment-{databases.prefix}_run"
    assert file.stat().st_mode & 0o777 == 0o600
    address = re.search(r"offers decides at (\S+),", errors)
    key = re.search(r"^CDP_OFFERS_KEYS=(\S+)$", file.read_text(), re.MULTILINE)
    assert address
    assert key
    request = urllib.request.Request(
        address[1], b'{"placement": "checkout"}', {"Authorization": f"Bearer {key[1]}"}
    )
    with urllib.request.urlopen(request, timeout=60) as response:
        assert json.load(response)["slots"]
    output = in_its_environment(file, "migrate", "rebuild segments", "profile show user_id=ann")
    assert "offers: up to date\n" in output
    assert "segments: rebuilt from" in output
    assert receipt["profile_id"] in output
    process.send_signal(signal.SIGINT)
    errors += process.communicate(timeout=60)[1]
    assert process.returncode == 0, errors
    assert f"set -a; . .run/{file.name}; set +a\n" in errors
    assert not file.exists()
    assert "Received method" not in errors


def in_its_environment(file: Path, *commands: str) -> str:
    """What commands of cdp print in a shell that has read `file`, and has no settings else."""
    script = "set -e; set -a; . " + shlex.quote(str(file)) + "; set +a"
    for command in commands:
        script += f"; {shlex.quote(sys.executable)} -m cdp {command}"
    done = subprocess.run(
        ["sh", "-c", script],
        cwd=ROOT,
        env=plain_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_an_administrator_of_the_broker_with_a_wrong_password_is_refused(
    start: Start, databases: Databases
) -> None:
    broker = urlsplit(os.environ.get(BROKER_VARIABLE) or "amqp://guest:guest@localhost:5672")
    uri = f"amqp://nobody:not-the-password@{broker.hostname}:{broker.port or 5672}"
    process = start(f"{databases.prefix}_never", CDP_ADMIN_AMQP_URI=uri)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert errors.startswith("CDP_ADMIN_AMQP_URI: the broker at ")
    assert errors.endswith(" refused the user nobody or the password\n")
    assert "not-the-password" not in errors


@pytest.mark.parametrize("name", ["Staging", "1st", "a-b", "a" * 41])
def test_a_namespace_that_cannot_be_one_is_refused_by_its_name(start: Start, name: str) -> None:
    process = start(name)
    errors = process.communicate(timeout=60)[1]
    assert process.returncode == 1
    assert errors.startswith("CDP_NAMESPACE: must be")
    assert errors.count("\n") == 1
