"""Facts about examples/checkout/cdp_client.py, in a process of its own, against RabbitMQ."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from nameko.containers import ServiceContainer
from nameko.extensions import DependencyProvider
from nameko.rpc import rpc

from deploy.access import CLIENT
from tests.support.servers import VirtualHosts
from tests.support.tcp_proxy import TcpProxy

CHECKOUT = Path(__file__).parents[2] / "examples" / "checkout"

# A shop's process: it reads a call per line and writes the outcome. It uses a socket, because
# waiting for a pipe would block this process, too, and the services in it.
SHOP = """
import json, socket, sys
from cdp_client import Cdp, NoAnswer, WrongRequest
test = socket.create_connection(("127.0.0.1", int(sys.argv[2]))).makefile("rw")
cdp = Cdp(sys.argv[1], wait=0.5)
for line in test:
    service, method, arguments = json.loads(line)
    try:
        outcome = ["answer", cdp.call(service, method, **arguments)]
    except (NoAnswer, WrongRequest) as error:
        outcome = [type(error).__name__, str(error)]
    print(json.dumps(outcome), file=test, flush=True)
"""


class InvalidInput(Exception):
    """An error of the service below, with the same name on the wire as ours."""


class CallersTrace(DependencyProvider):  # type: ignore[misc] # nameko has no types
    """The trace of a call, as it arrives."""

    def get_dependency(self, worker_ctx: Any) -> Any:
        return worker_ctx.data.get("traceparent")


class Offers:
    """A stand-in for offers, which can be slow or fail."""

    name = "offers"
    trace: Any = CallersTrace()

    @rpc  # type: ignore[untyped-decorator]
    def decide(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("wrong"):
            raise InvalidInput("placement", "is missing")
        if request.get("broken"):
            raise ZeroDivisionError
        time.sleep(request.get("seconds", 0))
        return {"echo": request}

    @rpc  # type: ignore[untyped-decorator]
    def trace_of_call(self) -> Any:
        return self.trace


class ShopProcess:
    """A shop's process."""

    def __init__(self, uri: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = str(listener.getsockname()[1])
            self.process = subprocess.Popen([sys.executable, "-c", SHOP, uri, port], cwd=CHECKOUT)
            self.socket, _ = listener.accept()
        self.lines = self.socket.makefile("rw")

    def end(self) -> None:
        self.lines.close()
        self.socket.close()
        self.process.kill()
        self.process.wait()

    def call(self, service: str, method: str, **arguments: Any) -> Any:
        print(json.dumps([service, method, arguments]), file=self.lines, flush=True)
        return json.loads(self.lines.readline())

    def decide(self, **request: Any) -> Any:
        return self.call("offers", "decide", request=request)

    def decide_until_answered(self) -> Any:
        outcomes = (self.decide() for _ in range(60))
        return next(outcome for outcome in outcomes if outcome[0] == "answer")


@pytest.fixture(scope="module")
def client_uri(virtual_hosts: VirtualHosts) -> Iterator[str]:
    """Where a shop reaches the broker, and behind it a service that calls itself offers."""
    virtual_host = virtual_hosts.create()
    container = ServiceContainer(Offers, {"AMQP_URI": virtual_host.uri("offers")})
    container.start()
    yield virtual_host.uri(CLIENT)
    container.kill()
    virtual_hosts.delete(virtual_host)


@pytest.fixture
def proxy(client_uri: str) -> Iterator[TcpProxy]:
    made = TcpProxy(client_uri)
    yield made
    made.frozen = False
    made.cut()


@pytest.fixture
def shop(client_uri: str, proxy: TcpProxy) -> Iterator[ShopProcess]:
    made = ShopProcess(proxy.through(client_uri))
    yield made
    made.end()


ANSWER = ["answer", {"echo": {}}]


def test_a_call_is_answered(shop: ShopProcess) -> None:
    assert shop.decide_until_answered() == ANSWER
    assert shop.decide(placement="checkout") == ["answer", {"echo": {"placement": "checkout"}}]


def test_a_slow_answer_is_not_waited_for_and_not_taken_for_the_next(shop: ShopProcess) -> None:
    assert shop.decide_until_answered() == ANSWER
    assert shop.decide(seconds=1) == ["NoAnswer", "no answer within 0.5 s"]
    assert shop.decide_until_answered() == ANSWER


def test_a_wrong_request_is_told_from_no_answer(shop: ShopProcess) -> None:
    assert shop.decide_until_answered() == ANSWER
    assert shop.decide(wrong=True)[0] == "WrongRequest"
    assert shop.call("offers", "decide", nonsense=1)[0] == "WrongRequest"
    assert shop.call("offers", "dedice")[0] == "WrongRequest"
    assert shop.decide(broken=True)[0] == "NoAnswer"


def test_a_call_takes_the_trace_that_it_is_given_and_the_next_one_has_none(
    shop: ShopProcess,
) -> None:
    assert shop.decide_until_answered() == ANSWER
    header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    assert shop.call("offers", "trace_of_call", traceparent=header) == ["answer", header]
    assert shop.call("offers", "trace_of_call") == ["answer", None]


def test_no_service_is_no_answer(shop: ShopProcess) -> None:
    assert shop.decide_until_answered() == ANSWER
    assert shop.call("nobody", "decide") == ["NoAnswer", "Unknown service `nobody`"]


def test_a_frozen_broker_holds_nobody_and_is_used_again_when_it_thaws(
    shop: ShopProcess, proxy: TcpProxy
) -> None:
    assert shop.decide_until_answered() == ANSWER
    proxy.frozen = True
    assert [shop.decide()[0] for _ in range(3)] == ["NoAnswer"] * 3
    proxy.frozen = False
    assert shop.decide_until_answered() == ANSWER


def test_a_cut_connection_is_made_anew(shop: ShopProcess, proxy: TcpProxy) -> None:
    assert shop.decide_until_answered() == ANSWER
    proxy.drop()
    assert shop.decide_until_answered() == ANSWER


def test_a_broker_that_is_not_there_is_no_answer(client_uri: str, proxy: TcpProxy) -> None:
    proxy.cut()
    host = client_uri.rpartition("@")[2]
    shop = ShopProcess(proxy.through(f"amqp://somebody:secret@{host}"))
    outcomes = [shop.decide() for _ in range(4)]
    shop.end()
    assert {kind for kind, _ in outcomes} == {"NoAnswer"}
    assert "secret" not in str(outcomes)
