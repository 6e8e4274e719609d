"""The HTTP port for operators: `/health`, `/ready` and `/metrics`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import eventlet
import eventlet.wsgi
from prometheus_client import REGISTRY as PROCESS
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from chassis.core.errors import Unavailable
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.observability.gauges import DatabaseCollector, MeasuredService

StartResponse = Callable[[str, list[tuple[str, str]]], object]


class Monitor:
    """The WSGI application for all services of a process.

    `/health`: the process runs and its loop turns. `/ready`: every service reaches its database.
    `/metrics`: Prometheus' text format.
    """

    def __init__(self, services: Sequence[MeasuredService]) -> None:
        self._runners = {service.runner.source: service.runner for service in services}
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
        return "200 OK", "text/plain", b"ok\n"

    def _ready(self) -> tuple[str, str, bytes]:
        states = {name: self._state(runner) for name, runner in self._runners.items()}
        ready = all(state == "ready" for state in states.values())
        status = "200 OK" if ready else "503 Service Unavailable"
        return status, "application/json", json.dumps(states).encode()

    def _metrics(self) -> tuple[str, str, bytes]:
        body: Sequence[bytes] = [generate_latest(PROCESS), generate_latest(self._databases)]
        return "200 OK", CONTENT_TYPE_LATEST, b"".join(body)

    @staticmethod
    def _state(runner: UnitOfWorkRunner) -> str:
        try:
            runner.read(lambda unit: unit.connection.exec_driver_sql("SELECT 1").scalar())
        except Unavailable as error:
            return str(error)
        return "ready"
