"""`make smoke`: the containers as a newcomer starts them, used, scaled, hurt, and taken down."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from chassis import ServiceError
from chassis.runtime.client import Client

ROOT = Path(__file__).parent.parent
PROJECT = "cdp-smoke"
PORTS = ("CDP_RABBITMQ_PORT", "CDP_RABBITMQ_MANAGEMENT_PORT", "CDP_POSTGRES_PORT")
READY_SECONDS = 240
SCALE = {"segments": 3, "offers": 2}
SHARES = {"segments": "cdp_events_received_total", "offers": "cdp_worker_seconds_count"}
ORDERS = 600
PATIENT_MS = 5_000
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_PATIENCE = 60.0
_FETCH = (
    "import urllib.request as r;"
    " print(r.urlopen('http://127.0.0.1:8080/metrics', timeout=5).read().decode())"
)


class Failed(Exception):
    """The suite did not do what it is there for."""


class Smoke:
    """One run: a Compose project of its own, on ports that are free."""

    def __init__(self) -> None:
        self.environment = os.environ | {name: str(_free_port()) for name in PORTS}
        port = self.environment["CDP_RABBITMQ_PORT"]
        self.amqp_uri = f"amqp://cdp_client:development-only@127.0.0.1:{port}/cdp"

    def compose(self, *arguments: str) -> str:
        """Run docker compose; what it printed."""
        return self._run("docker", "compose", "-p", PROJECT, *arguments)

    def up(self, *options: str) -> None:
        """Start what does not run yet, and wait until all is healthy."""
        self.compose("up", "--detach", "--wait", "--wait-timeout", str(READY_SECONDS), *options)

    def script(self, *arguments: str) -> str:
        """Run a command of the repository against the containers; what it printed."""
        return self._run(sys.executable, *arguments)

    def replicas(self, service: str) -> list[str]:
        """The containers of a service that run."""
        return self.compose("ps", "--quiet", service).split()

    def kill(self, container: str) -> None:
        """End a container at once, and for good."""
        self._run("docker", "update", "--restart=no", container)
        self._run("docker", "kill", container)

    def metric(self, container: str, name: str) -> float:
        """The sum of a metric's samples in one container."""
        page = self._run("docker", "exec", container, "python", "-c", _FETCH)
        lines = [line for line in page.splitlines() if line.startswith(name)]
        return sum(float(line.rpartition(" ")[2]) for line in lines)

    def down(self) -> None:
        """Remove all containers, networks and volumes."""
        self.compose("down", "--volumes", "--timeout", "15")

    def _run(self, *command: str) -> str:
        try:
            process = subprocess.run(
                command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False
            )
        except OSError as error:
            raise Failed(f"{command[0]}: {error}; `make smoke` needs Docker and Compose") from None
        if process.returncode:
            output = (process.stdout + process.stderr)[-3_000:]
            raise Failed(f"{' '.join(command)}: status {process.returncode}\n{output}")
        return process.stdout


def main() -> int:
    """Run it; 1 if it failed, after a message that says why."""
    smoke = Smoke()
    try:
        smoke.compose("version")
        try:
            _go(smoke)
        finally:
            _say("taking all down")
            smoke.down()
    except (Failed, ServiceError) as failure:
        print(f"smoke: {failure}", file=sys.stderr)
        return 1
    _say("all is well")
    return 0


def _go(smoke: Smoke) -> None:
    smoke.compose("--profile", "observability", "config", "--quiet")
    _say("building the image")
    smoke.compose("build", "--quiet", "provision")
    _say("starting everything")
    smoke.up()
    _say("recording and deciding, by the examples")
    smoke.environment["CDP_AMQP_URI"] = smoke.amqp_uri
    smoke.script("examples/checkout/record.py", "examples/shoppers.ndjson")
    _use_the_checkout(smoke)
    smoke.environment["TRACEPARENT"] = f"00-{TRACE}-00f067aa0ba902b7-01"
    smoke.script("-m", "cdp", "profile", "show", "user_id=grace")
    if TRACE not in smoke.compose("logs"):
        raise Failed("the trace of a command is in no log line")
    _ask_the_doctor(smoke)
    _say("recording and deciding through the gateway")
    _use_the_gateway(smoke)
    _say(f"scaling to {SCALE}")
    smoke.up(*(f"--scale={name}={replicas}" for name, replicas in SCALE.items()))
    with Client(smoke.amqp_uri, timeout=30) as cdp:
        _share(smoke, cdp)
        for service in SCALE:
            _lose_a_replica(smoke, cdp, service)


def _ask_the_doctor(smoke: Smoke) -> None:
    """All is well once the load of starting is over: the doctor itself says to look again."""
    deadline = time.monotonic() + READY_SECONDS
    words = ""
    while "All is well" not in words:
        if time.monotonic() > deadline:
            raise Failed(f"the doctor finds fault with a sound suite:\n{words}")
        try:
            words = smoke.compose("run", "--rm", "doctor")
        except Failed as found:
            words = str(found)


def _use_the_checkout(smoke: Smoke) -> None:
    """The example decides, with the patience that a machine needs where all has just started."""
    request = json.loads((ROOT / "examples/requests/gold-customer.json").read_text())
    with TemporaryDirectory() as directory:
        path = Path(directory, "request.json")
        path.write_text(json.dumps(request | {"deadline_ms": PATIENT_MS}))
        answer = smoke.script("examples/checkout/decide.py", str(path))
    if not json.loads(answer).get("decision_id"):
        raise Failed(f"the checkout got no decision:\n{answer}")


def _use_the_gateway(smoke: Smoke) -> None:
    """A shop's server records an order over HTTP, and decides for who placed it."""
    smoke.compose("run", "--rm", "gateway", "keys", "source", "smoke", "--store", "smoke")
    made = smoke.compose(
        "run", "--rm", "gateway", "keys", "create", "smoke", "--kind", "server", "--json"
    )
    url = f"http://{smoke.compose('port', 'gateway', '8070').strip()}"
    headers = {"Authorization": f"Bearer {json.loads(made)['key']}"}
    order = _order("over-http")
    answer = _post(f"{url}/v1/record", headers, {"events": [order]})
    if [receipt["status"] for receipt in answer["receipts"]] != ["appended"]:
        raise Failed(f"record through the gateway answered {answer}")
    request = {"placement": "checkout", "identifiers": order["identifiers"], "authenticated": True}
    answer = _post(f"{url}/v1/decide", headers, {**request, "deadline_ms": PATIENT_MS})
    if not answer["slots"]:
        raise Failed(f"decide through the gateway answered {answer}")


def _post(url: str, headers: dict[str, str], body: dict[str, Any]) -> dict[str, Any]:
    headers = headers | {"Content-Type": "application/json"}
    request = Request(url, json.dumps(body).encode(), headers)  # noqa: S310 - a port of ours
    try:
        with urlopen(request, timeout=30) as response:  # noqa: S310
            answer: dict[str, Any] = json.load(response)
    except HTTPError as error:
        raise Failed(f"{url}: status {error.code}\n{error.read().decode()}") from None
    except OSError as error:
        raise Failed(f"{url}: {error}") from None
    return answer


def _share(smoke: Smoke, cdp: Client) -> None:
    """Every replica does a part of the work."""
    _say("recording and deciding on all replicas")
    _record(cdp, "share")
    for number in range(60):
        _decide(cdp, f"share-{number}")
    for service, metric in SHARES.items():
        replicas = smoke.replicas(service)
        idle = [each for each in replicas if not smoke.metric(each, metric)]
        if len(replicas) != SCALE[service] or idle:
            raise Failed(f"{service}: {len(replicas)} replicas, of which {len(idle)} did nothing")


def _lose_a_replica(smoke: Smoke, cdp: Client, service: str) -> None:
    """A replica is killed while it works: answers go on, and nothing is lost."""
    _say(f"killing a replica of {service} while it works")
    before = _buyers(cdp)
    _record(cdp, f"without-{service}")
    smoke.kill(smoke.replicas(service)[0])
    for number in range(20):
        _decide(cdp, f"without-{service}-{number}")
    deadline = time.monotonic() + _PATIENCE
    while (buyers := _buyers(cdp)) != before + ORDERS:
        if time.monotonic() > deadline:
            raise Failed(f"{buyers - before} of {ORDERS} first orders arrived in segments")
        time.sleep(0.5)


def _buyers(cdp: Client) -> int:
    """How many have bought once: each order of ours is a new shopper's."""
    (segment,) = [
        s for s in cdp.call("segments", "list") if s["segment"] == "returning_one_time_buyer"
    ]
    return int(segment["members"])


def _record(cdp: Client, name: str) -> None:
    for start in range(0, ORDERS, 100):
        events = [_order(f"{name}-{number}") for number in range(start, start + 100)]
        receipts = cdp.call("profiles", "record", events=events)["receipts"]
        if any(receipt["status"] != "appended" for receipt in receipts):
            raise Failed(f"record answered {receipts}")


def _decide(cdp: Client, shopper: str) -> None:
    identifiers = {"user_id": shopper}
    request = {"placement": "checkout", "identifiers": identifiers, "authenticated": True}
    decision = cdp.call("offers", "decide", request={**request, "deadline_ms": PATIENT_MS})
    if not decision["slots"]:
        raise Failed(f"decide answered {decision}")


def _order(shopper: str) -> dict[str, Any]:
    return {
        "id": f"order-of-{shopper}",
        "type": "order_completed",
        "time": datetime.now(UTC).isoformat(),
        "identifiers": {"user_id": shopper},
        "authenticated": True,
        "data": {"order_id": f"order-of-{shopper}", "revenue": 4_200, "currency": "USD"},
    }


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _say(what: str) -> None:
    print(f"smoke: {what}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
