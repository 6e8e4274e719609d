"""From `record` to offers: how many events a second, at what cost, and how soon each arrives."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import Any

import eventlet
from nameko.standalone.rpc import ClusterRpcProxy

from bench.cpu import cpu_seconds, server_cpu_seconds
from bench.orders import batch, order
from bench.statistics import milliseconds
from tests.support.system import ProcessSuite

SHOPPERS = 10_000
SECONDS = 60
SENDERS = 3
_MOST_WAITING = 10_000
FRESH_SECONDS = 30
FRESH_RATE = 300
FRESH_SIZE = 10
_POLL_SECONDS = 0.03  # polling more often would take the machine from what is measured


class PipelineDatabases:
    """The databases of the pipeline: how far segments and offers lag the logs they follow."""

    def __init__(self, suite: ProcessSuite, stack: ExitStack) -> None:
        self._sessions: dict[str, Any] = {
            name: stack.enter_context(_session(suite, name))
            for name in ("profiles", "segments", "offers")
            if name in suite.services
        }

    def applied(self, service: str, source: str) -> int:
        """How many events of `source` the service has applied."""
        return self._one(
            service, "SELECT coalesce(sum(version), 0) FROM positions WHERE source = %s", source
        )

    def logged(self, source: str) -> int:
        """How many events the log of `source` has."""
        return self._one(source, "SELECT coalesce(sum(version), 0) FROM streams")

    def left(self) -> int:
        """How many events are in a log and not yet applied by the services that follow it."""
        profiles, segments = self.logged("profiles"), self.logged("segments")
        return (
            2 * profiles
            - self.applied("segments", "profiles")
            - self.applied("offers", "profiles")
            + segments
            - self.applied("offers", "segments")
        )

    def rows(self, service: str, query: str, *values: object) -> list[Any]:
        """The rows of a query on a service's database."""
        self._sessions[service].execute(query, values)
        rows: list[Any] = self._sessions[service].fetchall()
        return rows

    def _one(self, service: str, query: str, *values: object) -> int:
        return int(self.rows(service, query, *values)[0][0])


def record_first_orders(suite: ProcessSuite, shoppers: int) -> float:
    """Record a first order of each shopper; the seconds until offers has applied all of them."""
    start = time.monotonic()
    with ExitStack() as stack:
        proxy = stack.enter_context(suite.proxy(timeout=60))
        databases = PipelineDatabases(suite, stack)
        for first in range(0, shoppers, 100):
            proxy.profiles.record([order(first + number) for number in range(100)])
        while databases.left():
            eventlet.sleep(0.05)
    return time.monotonic() - start


def throughput(suite: ProcessSuite) -> dict[str, float]:
    """Orders in batches of 100, as fast as offers follows, until all of them are applied.

    First one of each shopper, who is new then, call by call; then for SECONDS of shoppers drawn at
    random, by several callers. CPU time is that of the second part: of the services that record, of
    all services, and of these with the broker and PostgreSQL. Callers are not counted.
    """
    settled = record_first_orders(suite, SHOPPERS)
    recorders, everyone = suite.pids("identity", "profiles"), suite.pids(*suite.services)
    before = cpu_seconds(recorders), cpu_seconds(everyone), server_cpu_seconds()
    end = time.monotonic() + SECONDS
    start = time.monotonic()
    waiting = [0]

    def sender() -> int:
        recorded = 0
        with ClusterRpcProxy({"AMQP_URI": suite.client_uri}, timeout=60) as proxy:
            while time.monotonic() < end:
                if waiting[0] > _MOST_WAITING:
                    eventlet.sleep(0.02)
                    continue
                receipts = proxy.profiles.record(batch(SHOPPERS, 100))["receipts"]
                recorded += sum(receipt["status"] == "appended" for receipt in receipts)
        return recorded

    with ExitStack() as stack:
        databases = PipelineDatabases(suite, stack)
        threads = [eventlet.spawn(sender) for _ in range(SENDERS)]
        while time.monotonic() < end:
            waiting[0] = databases.left()
            eventlet.sleep(0.5)
        sent = sum(thread.wait() for thread in threads)
        while databases.left():
            eventlet.sleep(0.02)
        elapsed = time.monotonic() - start
    record_cpu = cpu_seconds(recorders) - before[0]
    all_cpu = cpu_seconds(everyone) - before[1]
    core = all_cpu + server_cpu_seconds() - before[2]
    return {
        "end_to_end_events_per_s": round(sent / elapsed),
        "end_to_end_new_profiles_per_s": round(SHOPPERS / settled),
        "record_cpu_ms_per_event": round(1_000 * record_cpu / sent, 3),
        "end_to_end_cpu_ms_per_event": round(1_000 * all_cpu / sent, 3),
        "end_to_end_core_us": round(1_000_000 * core / sent),
    }


def freshness(suite: ProcessSuite) -> dict[str, float]:
    """At 300 events a second: the time from `record` until offers has all that follows from it."""
    pending: dict[str, tuple[int, float]] = {}
    durations: list[float] = []

    def send(proxy: Any) -> None:
        start = time.monotonic()
        for receipt in proxy.profiles.record([order(n) for n in _some(FRESH_SIZE)])["receipts"]:
            pending[f"{receipt['stream_id']}/{receipt['version']}"] = (receipt["version"], start)

    with ExitStack() as stack:
        databases = PipelineDatabases(suite, stack)
        end = time.monotonic() + FRESH_SECONDS
        threads = spawn_senders(suite, FRESH_SECONDS, send)
        while time.monotonic() < end or pending:
            arrived = _arrived(databases, pending)
            now = time.monotonic()
            durations += [now - pending.pop(name)[1] for name in arrived]
            eventlet.sleep(_POLL_SECONDS)
        for thread in threads:
            thread.wait()
    return {
        "freshness_p50_ms": milliseconds(durations, 50),
        "freshness_p99_ms": milliseconds(durations, 99),
    }


def spawn_senders(
    suite: ProcessSuite, seconds: float, send: Callable[[Any], None]
) -> Sequence[Any]:
    """Callers who `send(proxy)` FRESH_SIZE events each time, together FRESH_RATE a second."""
    end = time.monotonic() + seconds

    def sender(offset: float) -> None:
        with ClusterRpcProxy({"AMQP_URI": suite.client_uri}, timeout=60) as proxy:
            turn = 0
            begun = time.monotonic() + offset
            while time.monotonic() < end:
                due = begun + turn * SENDERS * FRESH_SIZE / FRESH_RATE
                eventlet.sleep(max(0.0, due - time.monotonic()))
                send(proxy)
                turn += 1

    return [eventlet.spawn(sender, number * FRESH_SIZE / FRESH_RATE) for number in range(SENDERS)]


def _arrived(databases: PipelineDatabases, pending: dict[str, tuple[int, float]]) -> list[str]:
    """Those of `pending` that offers has applied, together with what segments made of them."""
    streams = sorted({name.partition("/")[0] for name in pending})
    if not streams:
        return []
    positions = (
        "SELECT stream_id, version FROM positions WHERE source = 'profiles' AND stream_id = ANY(%s)"
    )
    evaluated = dict(databases.rows("segments", positions, streams))
    offered = dict(databases.rows("offers", positions, streams))
    # A shopper of the bench has one stream, whose id is that of the profile.
    heads = dict(
        databases.rows(
            "segments",
            "SELECT stream_id, version FROM streams WHERE stream_id = ANY(%s)",
            streams,
        )
    )
    followed = dict(
        databases.rows(
            "offers",
            "SELECT stream_id, version FROM positions"
            " WHERE source = 'segments' AND stream_id = ANY(%s)",
            streams,
        )
    )
    arrived = []
    for name, (version, _start) in pending.items():
        stream = name.partition("/")[0]
        if (
            evaluated.get(stream, 0) >= version
            and offered.get(stream, 0) >= version
            and followed.get(stream, 0) >= heads.get(stream, 0)
        ):
            arrived.append(name)
    return arrived


def _some(size: int) -> list[int]:
    return random.sample(range(SHOPPERS), size)


def _session(suite: ProcessSuite, service: str) -> Any:
    connection = suite.administrator(service)
    return connection.cursor()
