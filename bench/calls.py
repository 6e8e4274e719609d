"""`offers.decide` against nameko's echo: time and CPU time a call, by one caller and by eight."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import eventlet
from nameko.standalone.rpc import ClusterRpcProxy

from bench.cpu import cpu_seconds
from bench.flow import record_first_orders
from bench.orders import shopper_id
from bench.statistics import milliseconds, percentile, timed
from deploy.access import CLIENT
from tests.support.servers import VirtualHost, VirtualHosts
from tests.support.system import ProcessSuite

SHOPPERS = 2_000
ROUNDS = 6
CALLS_A_ROUND = 250

Call = Callable[[Any, int], object]


@dataclass(slots=True)
class MeasuredCall:
    """A call, the processes that serve it, how long each call took, and their CPU time in all."""

    call: Call
    pids: list[int]
    durations: list[float] = field(default_factory=list)
    cpu_seconds: float = 0.0

    def round(self, proxies: list[Any]) -> MeasuredCall:
        """The measures of one round of calls."""
        before = cpu_seconds(self.pids)
        durations = _together(proxies, self.call)
        return MeasuredCall(self.call, self.pids, durations, cpu_seconds(self.pids) - before)

    def add(self, measured: MeasuredCall) -> None:
        """Add the measures of a round."""
        self.durations += measured.durations
        self.cpu_seconds += measured.cpu_seconds

    @property
    def cpu_ms(self) -> float:
        """The CPU time of the servers in milliseconds a call."""
        return 1_000 * self.cpu_seconds / len(self.durations)


def decide_request(shopper: int) -> dict[str, Any]:
    """The request of a checkout for a signed-in shopper."""
    return {
        "placement": "checkout",
        "identifiers": {"user_id": shopper_id(shopper)},
        "authenticated": True,
        "context": {
            "items": [{"sku": "w-1", "category": "running watch", "quantity": 1, "price": 24_900}],
            "value": 24_900,
            "currency": "USD",
            "device": "mobile",
        },
        "deadline_ms": 2_000,
    }


@contextmanager
def echo_service(virtual_host: VirtualHost) -> Iterator[int]:
    """nameko's echo in a process of its own, on a virtual host; the id of the process."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench.echo", virtual_host.uri("echo")],
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is not None:
            process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def measure(suite: ProcessSuite) -> dict[str, float]:
    """p50, p99 and CPU time of both calls in ms, in alternating rounds, and decide over echo."""
    record_first_orders(suite, SHOPPERS)
    figures: dict[str, float] = {}
    with echo_service(suite.virtual_host) as echo_pid:
        for callers, suffix in ((1, ""), (8, "_8_callers")):
            echo = MeasuredCall(_echo, [echo_pid])
            decide = MeasuredCall(_decide, suite.pids("offers"))
            _alternate(suite, [echo, decide], callers)
            for name, measured in (("echo", echo), ("decide", decide)):
                figures[f"{name}_p50_ms{suffix}"] = milliseconds(measured.durations, 50)
                figures[f"{name}_p99_ms{suffix}"] = milliseconds(measured.durations, 99)
                figures[f"{name}_cpu_ms_per_call{suffix}"] = round(measured.cpu_ms, 3)
            ratio = percentile(decide.durations, 50) / percentile(echo.durations, 50)
            figures[f"decide_p50_over_echo{suffix}"] = round(ratio, 2)
            figures[f"decide_cpu_over_echo{suffix}"] = round(decide.cpu_ms / echo.cpu_ms, 2)
    return figures


def echo_alone(virtual_hosts: VirtualHosts) -> dict[str, float]:
    """p50 of nameko's echo in ms, by one caller, while nothing else of ours is at work."""
    host = virtual_hosts.create("echo")
    try:
        with echo_service(host) as pid, Proxies(host.uri(CLIENT), 1) as proxies:
            echo = MeasuredCall(_echo, [pid])
            echo.round(proxies.started)  # warms up
            echo.add(echo.round(proxies.started))
            echo.add(echo.round(proxies.started))
    finally:
        virtual_hosts.delete(host)
    return {"reference_echo_p50_ms": milliseconds(echo.durations, 50)}


def echo_p50_ms(suite: ProcessSuite) -> float:
    """p50 of nameko's echo on the broker of a suite, by one caller, in ms."""
    with echo_service(suite.virtual_host) as pid, Proxies(suite.client_uri, 1) as proxies:
        echo = MeasuredCall(_echo, [pid])
        echo.round(proxies.started)  # warms up
        echo.add(echo.round(proxies.started))
        echo.add(echo.round(proxies.started))
    return milliseconds(echo.durations, 50)


def _echo(proxy: Any, shopper: int) -> object:
    return proxy.echo.echo(decide_request(shopper))


def _decide(proxy: Any, shopper: int) -> object:
    return proxy.offers.decide(request=decide_request(shopper))


def _alternate(suite: ProcessSuite, calls: list[MeasuredCall], callers: int) -> None:
    with Proxies(suite.client_uri, callers) as proxies:
        for number in range(ROUNDS + 1):
            for call in calls:
                measured = call.round(proxies.started)
                if number:  # the first round warms up
                    call.add(measured)


class Proxies:
    """Several proxies, each with a connection of its own."""

    def __init__(self, uri: str, callers: int) -> None:
        self._proxies = [ClusterRpcProxy({"AMQP_URI": uri}, timeout=30) for _ in range(callers)]

    def __enter__(self) -> Proxies:
        self.started = [proxy.start() for proxy in self._proxies]
        return self

    def __exit__(self, *_error: object) -> None:
        for proxy in self._proxies:
            proxy.stop()


def _together(proxies: list[Any], call: Call) -> list[float]:
    def caller(proxy: Any, first: int) -> list[float]:
        durations = []
        for number in range(CALLS_A_ROUND // len(proxies)):
            shopper = (first + number * 7) % SHOPPERS
            durations.append(timed(partial(call, proxy, shopper)))
        return durations

    threads = [eventlet.spawn(caller, proxy, 101 * i) for i, proxy in enumerate(proxies)]
    return [duration for thread in threads for duration in thread.wait()]
