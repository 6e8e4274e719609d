"""Facts about examples/checkout/cdp_client.py, in a process of its own, against RabbitMQ."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from nameko.containers import ServiceContainer
from nameko.rpc import rpc

from deploy.access import CLIENT
from tests.support.servers import VirtualHosts

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


class Offers:
    """A stand-in for offers, which can be slow or fail."""

    name = "offers"

    @rpc
    def decide(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("wrong"):
            raise InvalidInput("placement", "is missing")
        if request.get("broken"):
            raise ZeroDivisionError
        time.sleep(request.get("seconds", 0))
        return {"echo": request}


class TcpLink:
    """A TCP connection's way to the broker, which can be frozen and cut."""

    def __init__(self, target: tuple[str, int]) -> None:
        self.target = target
        self.frozen = False
        self.sockets: list[socket.socket] = []
        self.threads: list[threading.Thread] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepting = threading.Thread(target=self._accept)
        self.accepting.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self.listener.accept()
                far = socket.create_connection(self.target)
                self.sockets += [near, far]
                for ends in ((near, far), (far, near)):
                    self.threads.append(threading.Thread(target=self._pass, args=ends))
                    self.threads[-1].start()

    def _pass(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                while self.frozen:
                    time.sleep(0.01)
                sink.sendall(data)
        _shut(source, sink)

    def cut(self) -> None:
        _shut(*self.sockets)
        for thread in self.threads:  # a socket must not be closed while somebody waits for it
            thread.join()
        for each in self.sockets:
            each.close()
        self.sockets, self.threads = [], []

    def end(self) -> None:
        self.frozen = False
        _shut(self.listener)
        self.accepting.join()
        self.listener.close()
        self.cut()


def _shut(*sockets: socket.socket) -> None:
    for each in sockets:
        with suppress(OSError):
            each.shutdown(socket.SHUT_RDWR)


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
def line(client_uri: str) -> Iterator[TcpLink]:
    parts = urlsplit(client_uri)
    made = TcpLink((parts.hostname or "localhost", parts.port or 5672))
    yield made
    made.end()


@pytest.fixture
def shop(client_uri: str, line: TcpLink) -> Iterator[ShopProcess]:
    parts = urlsplit(client_uri)
    near = f"{parts.username}:{parts.password}@127.0.0.1:{line.port}"
    made = ShopProcess(parts._replace(netloc=near).geturl())
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


def test_no_service_is_no_answer(shop: ShopProcess) -> None:
    assert shop.decide_until_answered() == ANSWER
    assert shop.call("nobody", "decide") == ["NoAnswer", "Unknown service `nobody`"]


def test_a_frozen_broker_holds_nobody_and_is_used_again_when_it_thaws(
    shop: ShopProcess, line: TcpLink
) -> None:
    assert shop.decide_until_answered() == ANSWER
    line.frozen = True
    assert [shop.decide()[0] for _ in range(3)] == ["NoAnswer"] * 3
    line.frozen = False
    assert shop.decide_until_answered() == ANSWER


def test_a_cut_connection_is_made_anew(shop: ShopProcess, line: TcpLink) -> None:
    assert shop.decide_until_answered() == ANSWER
    line.cut()
    assert shop.decide_until_answered() == ANSWER


def test_a_broker_that_is_not_there_is_no_answer(client_uri: str, line: TcpLink) -> None:
    line.end()
    parts = urlsplit(client_uri)
    shop = ShopProcess(f"amqp://somebody:secret@127.0.0.1:{line.port}{parts.path}")
    outcomes = [shop.decide() for _ in range(4)]
    shop.end()
    assert {kind for kind, _ in outcomes} == {"NoAnswer"}
    assert "secret" not in str(outcomes)
