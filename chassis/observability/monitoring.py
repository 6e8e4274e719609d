"""The HTTP port for operators: `/health`, `/ready` and `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import eventlet
import eventlet.wsgi
from prometheus_client import REGISTRY as PROCESS
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.core.errors import Unavailable
from chassis.database.writable import write_problem
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.broker_state import BrokerState
from chassis.observability.gauges import DatabaseCollector, MeasuredService

_PATIENCE_SECONDS = 1.5
_READY = "ready"
StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Monitor:
    """The WSGI application for all services of a process.

    `/health` is for whoever restarts processes: 503 if only that can help. The loop turns, or there
    is no response at all; and the process receives messages, unless the broker itself is away.
    `/ready` is for whoever sends it work: 200 if every service reaches its database and the broker
    passes on its messages, perhaps with a note; else 503, and what is wrong in words. Both respond
    within two seconds.
    `/metrics`: Prometheus' text format.
    """

    def __init__(
        self, services: Sequence[MeasuredService], brokers: Mapping[str, BrokerState]
    ) -> None:
        self._runners = {service.runner.source: service.runner for service in services}
        self._notes = {service.runner.source: service.notes for service in services}
        self._brokers = brokers
        self._databases = CollectorRegistry()
        self._databases.register(DatabaseCollector(services))

    def listen(self, port: int) -> None:
        """Serve on `port` of every address, in a greenlet of its own."""
        socket = eventlet.listen(("0.0.0.0", port))  # noqa: S104 - a container's port
        eventlet.spawn_n(eventlet.wsgi.server, socket, self, log_output=False)

    def __call__(self, environ: Mapping[str, Any], start: StartResponse) -> Iterable[bytes]:
        pages = {"/health": self._health, "/ready": self._ready, "/metrics": self._metrics}
        page = pages.get(environ.get("PATH_INFO", ""))
        if page is None:
            start("404 Not Found", [("Content-Type", "text/plain")])
            return [f"There are {', '.join(pages)}.\n".encode()]
        status, kind, body = page()
        start(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    def _health(self) -> tuple[str, str, bytes]:
        deaf = [name for name, broker in self._brokers.items() if broker.is_deaf()]
        if deaf:
            text = f"{', '.join(deaf)}: receives no messages from a broker that is well\n"
            return "503 Service Unavailable", "text/plain", text.encode()
        return "200 OK", "text/plain", b"ok\n"

    def _ready(self) -> tuple[str, str, bytes]:
        pool = eventlet.GreenPool()
        states = dict(zip(self._runners, pool.imap(self._state, self._runners), strict=True))
        ready = all(state.startswith(_READY) for state in states.values())
        status = "200 OK" if ready else "503 Service Unavailable"
        return status, "application/json", json.dumps(states).encode()

    def _metrics(self) -> tuple[str, str, bytes]:
        body: Sequence[bytes] = [generate_latest(PROCESS), generate_latest(self._databases)]
        return "200 OK", CONTENT_TYPE_LATEST, b"".join(body)

    def _state(self, service: str) -> str:
        broker = self._brokers[service]
        problems = [database_problem(self._runners[service]), broker.problem()]
        found = "; ".join(filter(None, problems))
        return found or "; ".join([_READY, *self._notes_of(service)])

    def _notes_of(self, service: str) -> list[str]:
        """What a service that is ready has to say; nothing if that takes too long to find out."""
        try:
            notes = [
                run_within(_PATIENCE_SECONDS, partial(self._runners[service].read, note))
                for note in self._notes[service]
            ]
        except (DeadlineExceeded, Unavailable):
            return []
        return [note for note in notes if note]


def database_problem(runner: UnitOfWorkRunner) -> str | None:
    """In words why a service's database cannot be used; None if it can."""

    try:
        problem = run_within(
            _PATIENCE_SECONDS, lambda: runner.read(lambda unit: write_problem(unit.connection))
        )
    except Unavailable as error:
        return str(error)
    except DeadlineExceeded:
        return f"database: did not respond within {_PATIENCE_SECONDS:g} s"
    return f"database: {problem}" if problem else None
