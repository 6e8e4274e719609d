"""`offers.decide` against nameko's echo: the time of a call, by one caller and by eight."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import eventlet
from nameko.standalone.rpc import ClusterRpcProxy

from bench.flow import settle
from bench.orders import shopper_id
from bench.statistics import milliseconds, percentile, timed
from tests.support.system import ProcessSuite

SHOPPERS = 2_000
ROUNDS = 6
CALLS_A_ROUND = 250

Call = Callable[[Any, int], object]


def decide_request(shopper: int) -> dict[str, Any]:
    """What a checkout asks about a signed-in shopper."""
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
def echo_service(suite: ProcessSuite) -> Iterator[None]:
    """nameko's echo, in a process of its own, on the suite's virtual host."""
    with subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "bench.echo", suite.virtual_host.uri("echo")],
        stdout=subprocess.PIPE,
    ) as process:
        if process.stdout is not None:
            process.stdout.readline()
        try:
            yield
        finally:
            process.kill()


def measure(suite: ProcessSuite) -> dict[str, float]:
    """p50 and p99 of both calls, in ms, in turns; and how many p50s of echo a decision takes."""
    settle(suite, SHOPPERS)
    figures: dict[str, float] = {}
    with echo_service(suite):
        calls: dict[str, Call] = {
            "echo": lambda proxy, number: proxy.echo.echo(decide_request(number)),
            "decide": lambda proxy, number: proxy.offers.decide(request=decide_request(number)),
        }
        for callers, suffix in ((1, ""), (8, "_8_callers")):
            timed = _in_turns(suite, calls, callers)
            for name, durations in timed.items():
                figures[f"{name}_p50_ms{suffix}"] = milliseconds(durations, 50)
                figures[f"{name}_p99_ms{suffix}"] = milliseconds(durations, 99)
            ratio = percentile(timed["decide"], 50) / percentile(timed["echo"], 50)
            figures[f"decide_p50_over_echo{suffix}"] = round(ratio, 2)
    return figures


def _in_turns(suite: ProcessSuite, calls: dict[str, Call], callers: int) -> dict[str, list[float]]:
    timed: dict[str, list[float]] = {name: [] for name in calls}
    with Proxies(suite.client_uri, callers) as proxies:
        for turn in range(ROUNDS + 1):
            for name, call in calls.items():
                durations = _together(proxies.started, call)
                if turn:  # the first one warms up
                    timed[name] += durations
    return timed


class Proxies:
    """So many proxies, each with a connection of its own."""

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
