"""Resolution: identity's own work in batches of 100, with few and many shoppers, and its call.

The tables are filled with COPY (`bench.resolve_filled`).
"""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial
from statistics import median
from typing import Any

from nameko.standalone.rpc import ClusterRpcProxy

from bench.calls import echo_service
from bench.resolve_filled import NOW, OBSERVER
from bench.statistics import percentile, timed
from chassis import FixedClock, format_instant
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.identity.calls import read_observations
from deploy.services import upgrade
from services.identity.commands import ResolveHandler
from services.identity.domain import responses
from tests.support.servers import Databases
from tests.support.system import ProcessSuite

FEW, MANY = 1_000, 1_000_000
BATCH = 100
ROUNDS = 15
SECONDS = 0.5
CALLS = 1_500
_TIME = format_instant(NOW)


def measure(databases: Databases) -> dict[str, float]:
    """Known and new shoppers and guests with an address a second in one process, and the cost with
    many over that with few."""
    with ExitStack() as stack:
        few, many = (_Identity(databases, stack, count) for count in (FEW, MANY))
        rates: dict[str, list[float]] = {"few": [], "many": [], "new": [], "guests": []}
        for _ in range(ROUNDS):  # in turns, because other load comes and goes
            rates["few"].append(few.rate(few.known))
            rates["many"].append(many.rate(many.known))
            rates["new"].append(few.rate(few.new))
        for _ in range(ROUNDS):  # last, because they write most
            rates["guests"].append(few.rate(few.guests))
        ratios = [a / b for a, b in zip(rates["few"], rates["many"], strict=True)]
        return {
            "resolve_known_per_s": round(median(rates["many"])),
            "resolve_new_per_s": round(median(rates["new"])),
            "resolve_guest_orders_per_s": round(median(rates["guests"])),
            "resolve_1m_over_1k": round(median(ratios), 2),
        }


def over_echo(suite: ProcessSuite) -> dict[str, float]:
    """The p50 of `identity.resolve` for one known shopper, over that of echo."""
    with (
        echo_service(suite.virtual_host),
        ClusterRpcProxy({"AMQP_URI": suite.client_uri}, timeout=30) as proxy,
    ):
        shoppers = [[_observation(f"u-{n}", f"a-{n}")] for n in range(500)]
        for observations in shoppers:
            proxy.identity.resolve(observations=observations)
        durations: dict[str, list[float]] = {"echo": [], "resolve": []}
        for number in range(CALLS):
            observations = shoppers[number % len(shoppers)]
            durations["echo"].append(timed(partial(proxy.echo.echo, observations)))
            resolve = partial(proxy.identity.resolve, observations=observations)
            durations["resolve"].append(timed(resolve))
    p50 = {name: percentile(values, 50) for name, values in durations.items()}
    return {"resolve_p50_over_echo": round(p50["resolve"] / p50["echo"], 2)}


class _Identity:
    """What the service does in a call, on a database with a number of identifiers."""

    def __init__(self, databases: Databases, stack: ExitStack, identifiers: int) -> None:
        owner, uri = databases.create("identity", partial(upgrade, "identity"))
        stack.callback(databases.drop, owner)
        self._shoppers = identifiers // 2
        self._new = 0
        self._chance = random.Random(identifiers)
        command = [sys.executable, "-W", "ignore", "-m", "bench.resolve_filled"]
        subprocess.run(command, input=f"{owner} {self._shoppers}", text=True, check=True)
        database = Database(uri)
        stack.callback(database.close)
        self._work = UnitOfWorkRunner(database, "identity", FixedClock(NOW))
        self._resolver = ResolveHandler(OBSERVER.policy)

    def known(self) -> list[dict[str, Any]]:
        """A batch of known shoppers."""
        numbers = [self._chance.randrange(self._shoppers) for _ in range(BATCH)]
        return [_observation(f"u-{n}", f"a-{n}") for n in numbers]

    def new(self) -> list[dict[str, Any]]:
        """A batch of new shoppers."""
        self._new += BATCH
        numbers = range(self._new, self._new + BATCH)
        return [_observation(f"new-{n}", f"new-{n}") for n in numbers]

    def guests(self) -> list[dict[str, Any]]:
        """A batch of orders of new guests, each with an address that it shares with many."""
        self._new += BATCH
        numbers = range(self._new, self._new + BATCH)
        return [_order(f"guest-{n}", f"shopper-{n % 100}@shop.example") for n in numbers]

    def rate(self, batch: Callable[[], list[dict[str, Any]]]) -> float:
        """Observations a second, from the arguments of a call to its result."""
        done, spent = 0, 0.0
        while spent < SECONDS:
            observations = batch()
            spent += timed(partial(self._resolve, observations))
            done += len(observations)
        return done / spent

    def _resolve(self, observations: list[dict[str, Any]]) -> list[dict[str, Any]]:
        observed = [OBSERVER.observe(**one) for one in read_observations(observations)]
        resolved, facts = self._resolver.resolve(observed, self._work)
        return [*map(responses.resolution, resolved), *(fact.to_wire() for fact in facts)]


def _order(device: str, email: str) -> dict[str, Any]:
    return {
        "event_id": "e",
        "type": "order_completed",
        "time": _TIME,
        "identifiers": {"anonymous_id": device, "email": email},
        "authenticated": False,
    }


def _observation(user: str, device: str) -> dict[str, Any]:
    return {
        "event_id": "e",
        "type": "product_viewed",
        "time": _TIME,
        "identifiers": {"user_id": user, "anonymous_id": device},
        "authenticated": True,
    }
