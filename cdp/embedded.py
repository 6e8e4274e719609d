"""The embedded suite: the four services in this process, and how far each lags the others."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stderr
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import sqlalchemy as sa

from chassis.config.keys import read_key
from chassis.config.settings import Settings
from chassis.core.clock import Clock
from chassis.database.tables import POSITIONS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.runtime.runner import Runner
from contracts.topology import SERVICE_NAMES, TOPOLOGY
from deploy.services import service_class, upgrade

EMBEDDED_BROKER = "embedded://localhost"
EMBEDDED_KEY = "development-only-identifier-key"


@dataclass(frozen=True, slots=True)
class Lag:
    """How many of a source's events a subscriber has applied, and how many streams are halted."""

    subscriber: str
    source: str
    applied: int
    total: int
    halted: int


def database_path(directory: Path, service: str) -> Path:
    """Where the embedded suite in `directory` keeps the database of `service`."""
    return directory / f"{service}.db"


def embedded_settings(directory: Path, clock: Clock) -> list[Settings]:
    """Settings of all services on SQLite files in `directory` and the in-process broker."""
    config = os.environ.get("CDP_CONFIG_DIR", "")
    return [
        Settings(
            service=name,
            database_uri=f"sqlite:///{database_path(directory, name)}",
            amqp_uri=EMBEDDED_BROKER,
            clock=clock,
            identifier_key=read_key(
                os.environ.get("CDP_IDENTIFIER_KEY", EMBEDDED_KEY), os.environ.get("CDP_MASTER_KEY")
            ),
            config_dir=Path(config) if config else None,
        )
        for name in SERVICE_NAMES
    ]


class EmbeddedSuite:
    """Services running in this process; `chassis.runtime.green` must have been imported before."""

    def __init__(self, settings: Sequence[Settings]) -> None:
        self._runner = Runner([(service_class(each.service), each) for each in settings])

    def start(self) -> None:
        """Start all services; raises what keeps one from starting."""
        # eventlet prints the stack trace of a failing green thread, though we raise its error.
        with redirect_stderr(StringIO()):
            self._runner.start()

    def run_until_stopped(self) -> None:
        """Run until SIGTERM or SIGINT, then stop."""
        self._runner.run_until_stopped()

    @contextmanager
    def running(self) -> Iterator[EmbeddedSuite]:
        """The suite, running within `with`."""
        self.start()
        try:
            yield self
        finally:
            self._runner.stop()

    def lags(self) -> list[Lag]:
        """How far each service has followed each of its sources."""
        runners = self._runner.unit_of_work_runners()
        totals = {name: runner.read(_total) for name, runner in runners.items()}
        return [
            _lag(service.name, source, runners[service.name], totals[source])
            for service in TOPOLOGY
            for source in service.follows
        ]

    def due_evaluations(self, limit: int) -> int:
        """How many profiles time may have moved in or out of segments, counted up to `limit`."""
        from services.segments import store  # noqa: PLC0415 - slow to import

        segments = self._runner.unit_of_work_runners()["segments"]
        return len(segments.read(lambda unit: store.latest_due_profiles(unit, limit)))


def _lag(subscriber: str, source: str, runner: UnitOfWorkRunner, total: int) -> Lag:
    applied, halted = runner.read(_applied(source))
    return Lag(subscriber, source, applied, total, halted)


def migrate(settings: Settings, owner_uri: str | None = None) -> None:
    """Bring a service's tables up to date, as their owner, who grants the service's user access."""
    user = sa.make_url(settings.database_uri).username
    upgrade(settings.service, owner_uri or settings.database_uri, user if owner_uri else None)


def _total(unit: UnitOfWork) -> int:
    return int(unit.connection.scalar(sa.select(sa.func.sum(STREAMS.c.version))) or 0)


def _applied(source: str) -> Callable[[UnitOfWork], tuple[int, int]]:
    def count(unit: UnitOfWork) -> tuple[int, int]:
        ours = sa.select(sa.func.sum(POSITIONS.c.version)).where(POSITIONS.c.source == source)
        halted = sa.select(sa.func.count()).where(POSITIONS.c.source == source, POSITIONS.c.halted)
        return int(unit.connection.scalar(ours) or 0), int(unit.connection.scalar(halted) or 0)

    return count
