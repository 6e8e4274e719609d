"""A gateway of which one address takes all that it may: the others are served."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest

from tests.support.gateway_process import HttpAnswer
from tests.support.running_gateway import RunningGateway
from tests.support.servers import Databases, VirtualHosts

MB = 1024 * 1024
CONNECTIONS = 6
LARGEST = 4 * MB


@pytest.fixture(scope="module")
def gateway(
    databases: Databases, virtual_hosts: VirtualHosts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningGateway]:
    directory: Path = tmp_path_factory.mktemp("gateway")
    environment = {
        "CDP_GATEWAY_ADDRESS_CONNECTIONS": str(CONNECTIONS),
        "CDP_GATEWAY_BODY_BYTES": str(16 * MB),
        "CDP_GATEWAY_PROXIES": "127.0.0.2",
    }
    with RunningGateway(databases, virtual_hosts, directory, environment, ("identity",)) as running:
        yield running


def until(condition: Callable[[], Any]) -> Any:
    """Wait until something is true; the test's own time limit ends it."""
    while not (found := condition()):
        time.sleep(0.05)
    return found


def connect(gateway: RunningGateway, address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", gateway.port), 30, (address, 0))


def asked_over(connection: socket.socket, head: str = "") -> int:
    """The status of a request; `head` has more of its headers."""
    request = f"GET /openapi.json HTTP/1.1\r\nHost: a\r\n{head}Connection: close\r\n\r\n"
    connection.sendall(request.encode())
    return int(connection.recv(100).split()[1])


def test_an_address_has_so_many_connections_and_another_has_its_own(
    gateway: RunningGateway,
) -> None:
    def is_refused() -> bool:
        with closing(connect(gateway)) as connection:
            return asked_over(connection) == 429

    with ExitStack() as stack:
        for _ in range(CONNECTIONS):
            stack.enter_context(closing(connect(gateway)))
        until(is_refused)
        answer = gateway.request("GET", "/healthz")
        assert (answer.status, answer.body["code"]) == (429, "too_many_requests")
        assert str(CONNECTIONS) in answer.body["message"]
        assert asked_over(stack.enter_context(closing(connect(gateway, "127.0.0.3")))) == 200
    until(lambda: not is_refused())


def test_a_trusted_proxy_has_as_many_connections_as_it_needs(gateway: RunningGateway) -> None:
    with ExitStack() as stack:
        for number in range(3 * CONNECTIONS):
            connection = stack.enter_context(closing(connect(gateway, "127.0.0.2")))
            head = f"X-Forwarded-For: 203.0.113.{number}\r\n"
            assert asked_over(connection, head) == 200


def test_bodies_that_find_no_room_may_come_again_and_small_ones_find_it(
    gateway: RunningGateway,
) -> None:
    def answered(size: int) -> HttpAnswer:
        return gateway.request("POST", "/v1/record", json.dumps("x" * size).encode())

    with ExitStack() as stack:
        for _ in range(3):
            connection = stack.enter_context(closing(connect(gateway, "127.0.0.4")))
            head = f"POST /v1/record HTTP/1.1\r\nHost: a\r\nContent-Length: {LARGEST}\r\n\r\n"
            connection.sendall(head.encode() + b" " * (LARGEST - 1))
        refused = until(lambda: (found := answered(MB)).status == 503 and found)
        assert refused.body["field"] == "body"
        assert refused.headers["retry-after"] == "1"
        assert answered(1_000).status == 401
    until(lambda: answered(MB).status == 413)
