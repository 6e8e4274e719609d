"""Requests together, and those of one address, have bounds: nobody keeps the others out."""

from __future__ import annotations

import asyncio
import json
from contextlib import ExitStack
from typing import Any, cast

import pytest
import uvicorn
from uvicorn.server import ServerState

from chassis.core.errors import InvalidInput, Unavailable
from services.gateway.configuration import read_gateway_settings
from services.gateway.domain.problems import TooManyRequests
from services.gateway.server.bounds import RequestBounds
from services.gateway.server.budget import BodyBudget
from services.gateway.server.connections import Connections
from services.gateway.server.limits import AtOnceLimit, DailyAllowance, RateLimit
from services.gateway.server.protocol import BoundedHttpProtocol

KB = 1024
ADDRESS = "203.0.113.7"


def test_large_bodies_leave_room_for_small_ones_and_give_it_back() -> None:
    budget = BodyBudget(1_000 * KB)
    with ExitStack() as stack:
        large = stack.enter_context(budget.account())
        large.take(700 * KB)
        with pytest.raises(Unavailable, match="under way"):
            large.take(100 * KB)
        for _ in range(4):
            stack.enter_context(budget.account()).take(60 * KB)
        with pytest.raises(Unavailable):
            stack.enter_context(budget.account()).take(64 * KB)
    with budget.account() as account:
        account.take(750 * KB)


def test_a_body_that_grows_large_bit_by_bit_is_a_large_one() -> None:
    budget = BodyBudget(100 * KB)
    with budget.account() as account:
        for _ in range(64):
            account.take(KB)
        account.take(11 * KB)
        with pytest.raises(Unavailable):
            account.take(KB)


def test_large_bodies_that_are_refused_count_as_several_requests_of_their_address() -> None:
    now = [0.0]
    rate = RateLimit("address", 10, clock=lambda: now[0])
    bounds = RequestBounds(rate, AtOnceLimit(5), BodyBudget(64 * KB * KB))
    for is_in_vain in (False, True, True):
        with bounds.admit(ADDRESS) as account:
            account.take(4 * KB)
            account.take(1_020 * KB)
            account.is_in_vain = is_in_vain
    with pytest.raises(TooManyRequests) as refused, bounds.admit(ADDRESS):
        pass
    assert refused.value.seconds == 2  # 35 were taken, of 20
    now[0] += 2
    for _ in range(5):
        with bounds.admit(ADDRESS) as account:
            account.take(63 * KB)
    with bounds.admit("198.51.100.9"):
        pass


def test_a_large_body_for_which_there_was_no_room_counts_as_one_request() -> None:
    rate = RateLimit("address", 10, clock=lambda: 0.0)
    bounds = RequestBounds(rate, AtOnceLimit(5), BodyBudget(4 * KB * KB))
    for _ in range(10):
        with ExitStack() as stack:
            stack.enter_context(pytest.raises(Unavailable))
            account = stack.enter_context(bounds.admit(ADDRESS))
            account.take(2 * KB * KB)
            account.take(2 * KB * KB)
    with bounds.admit(ADDRESS):
        pass


def test_an_address_has_so_many_requests_under_way_and_others_have_theirs() -> None:
    limit = AtOnceLimit(2)
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(limit.one(ADDRESS))
        with pytest.raises(TooManyRequests, match="2 requests under way"):
            stack.enter_context(limit.one(ADDRESS))
        stack.enter_context(limit.one("198.51.100.9"))
    with limit.one(ADDRESS):
        pass


def test_an_address_has_so_many_connections_unless_it_is_a_proxy() -> None:
    connections = Connections(10, 2, is_proxy=lambda address: address == "10.0.0.1")
    assert [connections.open(ADDRESS) is None for _ in range(4)] == [True, True, False, False]
    connections.close(ADDRESS)
    connections.close(ADDRESS)
    connections.close(ADDRESS)
    assert connections.open(ADDRESS) is None
    assert all(connections.open("10.0.0.1") is None for _ in range(8))
    refusal = connections.open("198.51.100.9")
    assert refusal is not None
    assert (refusal.status, refusal.code) == (503, "unavailable")


def test_an_ipv6_customer_is_one_address() -> None:
    connections = Connections(10, 1)
    assert connections.open("2001:db8:1:2::3") is None
    assert connections.open("2001:db8:1:2::4") is not None


class PrintedTransport(asyncio.Transport):
    """A transport from an address, which keeps what is written."""

    def __init__(self) -> None:
        super().__init__({"peername": (ADDRESS, 5)})
        self.output = b""
        self.is_closed = False

    def write(self, data: Any) -> None:
        self.output += data

    def close(self) -> None:
        self.is_closed = True

    def is_closing(self) -> bool:
        return self.is_closed


def test_a_connection_too_many_is_told_so_in_json_and_closed() -> None:
    async def refused() -> PrintedTransport:
        async def nothing(_scope: Any, _receive: Any, _send: Any) -> None: ...

        config = uvicorn.Config(cast("Any", nothing), log_config=None)
        config.load()
        connections = Connections(10, 0)
        protocol = BoundedHttpProtocol(
            config=config, server_state=ServerState(), app_state={}, connections=connections
        )
        transport = PrintedTransport()
        protocol.connection_made(transport)
        assert not transport.output
        protocol.data_received(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        protocol.connection_lost(None)
        return transport

    transport = asyncio.run(refused())
    head, _, body = transport.output.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 429 ")
    assert json.loads(body)["code"] == "too_many_requests"
    assert transport.is_closed


def test_a_days_bytes_may_come_at_once_and_then_steadily() -> None:
    at = [0.0]
    allowance = DailyAllowance(86_400, clock=lambda: at[0])
    assert allowance.allows("web", 86_000)
    assert not allowance.allows("web", 500)
    assert allowance.allows("web", 400)
    assert allowance.allows("app", 86_400)
    at[0] += 100
    assert not allowance.allows("web", 101)
    assert allowance.allows("web", 100)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("CDP_GATEWAY_DATABASE_URI", "sqlite:///gateway.db")
    monkeypatch.setenv("CDP_GATEWAY_AMQP_URI", "amqp://guest:guest@localhost/cdp")
    return monkeypatch


def test_bounds_are_settings(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("CDP_GATEWAY_ADDRESS_CONNECTIONS", "7")
    environment.setenv("CDP_GATEWAY_REJECT_BYTES", "0")
    settings = read_gateway_settings()
    assert (settings.address_connections, settings.reject_bytes) == (7, 0)
    assert settings.body_bytes == 64 * KB * KB


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CDP_GATEWAY_ADDRESS_CONNECTIONS", "0"),
        ("CDP_GATEWAY_ADDRESS_CONNECTIONS", "many"),
        ("CDP_GATEWAY_BODY_BYTES", "1000"),
        ("CDP_GATEWAY_REJECT_BYTES", "-1"),
        ("CDP_GATEWAY_REJECT_BYTES", "9" * 5_000),
    ],
)
def test_a_bound_that_is_none_names_its_variable(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    environment.setenv(name, value)
    with pytest.raises(InvalidInput, match=f"{name}: must be a whole number from"):
        read_gateway_settings()
