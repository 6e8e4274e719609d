"""For the tests of services: given events, when something runs, then these events and these rows.

Nothing here knows a test framework or a customer.

    scenario = Scenario(uri, "orders")  # one service's database, and its log
    scenario.given(draft("cart-1", "cart_opened"))
    scenario.when(lambda unit: checkout(unit, "cart-1"))
    assert scenario.then() == [("cart-1", "checked_out", {})]

    profiles = SourceLog("profiles")  # the log of a service that is followed
    scenario.when_followed(profiles.record(draft("s-1", "order_completed", {…})), MyProjection())
    assert scenario.rows(MY_TABLE) == [{…}]

    services = {toy_service("profiles"): create_toy, MyService: migrate}
    with EmbeddedServices(services, folder) as suite:  # whole services, in this process
        suite.call("profiles", "append", events=[{…}])
        suite.wait_until_followed()
        assert suite.call("my_service", "get") == {…}

A process that uses `EmbeddedServices` imports `chassis.runtime.green` before anything else, as
services do.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import redirect_stderr
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from chassis.config.settings import Settings
from chassis.core.clock import Clock, FixedClock
from chassis.core.event import Draft, Event, JointDraft, copy_id, new_id
from chassis.core.instants import parse_instant
from chassis.core.upcasting import Upcasters
from chassis.database.engine import Database
from chassis.database.migrations_v1 import create_inbox, create_log
from chassis.database.migrations_v2 import create_indexes, keep_alive
from chassis.database.migrations_v3 import separate_gaps
from chassis.database.tables import POSITIONS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.messaging import embedded
from chassis.projections.inbox import Inbox, Projection
from chassis.runtime.client import Client
from chassis.runtime.runner import Runner
from chassis.runtime.service import Service, rpc
from chassis.runtime.subscriber import Subscribe

__all__ = [
    "NOW",
    "EmbeddedServices",
    "Scenario",
    "SourceLog",
    "create_tables",
    "create_toy",
    "draft",
    "toy_service",
]

T = TypeVar("T")
NOW = parse_instant("2026-01-01T12:00:00Z")  # where the clock of a test stands unless it says
_ALL = 1_000_000
_KEY = b"only-for-tests"


def draft(stream: str, type: str, data: Mapping[str, Any] | None = None, **fields: Any) -> Draft:  # noqa: A002 - the event's own word
    """A draft of an event: a new id, at `NOW`, unless `fields` of `Draft` say otherwise."""
    defaults: dict[str, Any] = {"id": new_id(), "occurred_at": NOW, "data": data or {}}
    return Draft(stream=stream, type=type, **(defaults | fields))


def create_tables(uri: str, *metadata: sa.MetaData) -> None:
    """An event log and an inbox in an empty database, and the tables of each `metadata`."""
    database = Database(uri)
    try:
        with database.transaction() as connection:
            operations = Operations(MigrationContext.configure(connection))
            create_log(operations)
            create_inbox(operations)
            keep_alive(operations)
            create_indexes(operations)
            separate_gaps(operations)
            for each in metadata:
                each.create_all(connection)
    finally:
        database.close()


class SourceLog:
    """The log of a service that is followed, in memory: what it would publish, in order."""

    def __init__(self, source: str, clock: Clock | None = None) -> None:
        self.source = source
        self._clock = clock or FixedClock(NOW)
        self._heads: Counter[str] = Counter()

    def record(self, *drafts: Draft | JointDraft) -> list[Event]:
        """The events of `drafts`: each gets the next version of its stream, a joint fact of all."""
        return [event for each in drafts for event in self._copies(each)]

    def _copies(self, each: Draft | JointDraft) -> list[Event]:
        if isinstance(each, Draft):
            self._heads[each.stream] += 1
            return [self._event(each, each.stream, each.id, each.data)]
        self._heads.update(each.entries.keys())
        streams = [
            {"stream": stream, "version": self._heads[stream], **each.entries[stream]}
            for stream in sorted(each.entries)
        ]
        data = {**each.data, "fact_id": each.id, "streams": streams}
        return [
            self._event(each, stream, copy_id(each.id, stream), data, joint=True)
            for stream in sorted(each.entries)
        ]

    def _event(
        self,
        each: Draft | JointDraft,
        stream: str,
        event_id: str,
        data: Mapping[str, Any],
        **metadata: Any,
    ) -> Event:
        return Event(
            id=event_id,
            source=self.source,
            type=each.type,
            stream=stream,
            version=self._heads[stream],
            data=data,
            occurred_at=each.occurred_at,
            recorded_at=self._clock.now(),
            schema_version=each.schema_version,
            metadata={**each.metadata, **metadata},
        )


class Scenario:
    """One service's database and clock: given events, when something runs, then what came of it.

    The database at `uri` has the service's tables already: its migrations made them, or
    `create_tables`. Nothing is published.
    """

    def __init__(
        self,
        uri: str,
        service: str,
        *,
        clock: Clock | None = None,
        upcasters: Upcasters | None = None,
    ) -> None:
        self.database = Database(uri)
        self.clock = clock or FixedClock(NOW)
        self.upcasters = upcasters or Upcasters()
        self.work = UnitOfWorkRunner(self.database, service, self.clock, upcasters=self.upcasters)
        self._before: dict[str, int] = {}

    def close(self) -> None:
        """Close the database."""
        self.database.close()

    def given(self, *drafts: Draft | JointDraft) -> list[Event]:
        """These events in the service's own log; `then` does not show them."""
        appended = self.work.run(lambda unit: unit.append(drafts))
        self._before = self.work.read(_heads)
        return [each.event for each in appended]

    def when(self, command: Callable[[UnitOfWork], T]) -> T:
        """Run a command in a unit of work; what it returns."""
        self._before = self.work.read(_heads)
        return self.work.run(command)

    def when_followed(self, events: Sequence[Event], projection: Projection) -> None:
        """Let a projection follow `events` of one source, through the inbox, as a service does.

        Events may come twice or early, as they may from the broker. An error of the projection is
        raised, though a service would keep the event as a dead letter.
        """
        self._before = self.work.read(_heads)
        guard = _Raising(projection)
        for source in dict.fromkeys(event.source for event in events):
            inbox = Inbox(self.work, source, self.upcasters)
            inbox.process([event for event in events if event.source == source], guard)
            if guard.error is not None:
                raise guard.error

    def then(self) -> list[tuple[str, str, dict[str, Any]]]:
        """What the last `when` appended to the service's own log: (stream, type, data)."""
        return [(event.stream, event.type, dict(event.data)) for event in self.then_events()]

    def then_events(self) -> list[Event]:
        """The same as whole events, by stream and version."""
        heads = self.work.read(_heads)
        after = {stream: self._before.get(stream, 0) for stream in heads}
        events = self.work.read(lambda unit: unit.history(after, _ALL)) if after else []
        return sorted(events, key=lambda event: (event.stream, event.version))

    def rows(self, query: sa.Table | sa.Select[Any]) -> list[dict[str, Any]]:
        """The rows of a table, by its primary key, or those of a query."""
        if isinstance(query, sa.Table):
            query = sa.select(query).order_by(*query.primary_key.columns)
        rows = self.work.read(lambda unit: unit.connection.execute(query).mappings().all())
        return [dict(row) for row in rows]


class _Raising:
    """A projection that keeps the first error, which the inbox would make a dead letter."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection
        self.error: Exception | None = None

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        try:
            self._projection.apply(unit, events)
        except Exception as error:
            self.error = self.error or error
            raise


class EmbeddedServices:
    """Services that run in this process: the embedded broker, SQLite files and a fixed clock.

    `services` maps each class to what prepares its database: a function of the database's URI,
    such as its migrations. With the same directory, the next suite finds what this one stored.
    """

    def __init__(
        self,
        services: Mapping[type[Service], Callable[[str], object]],
        directory: Path,
        *,
        clock: Clock | None = None,
        identifier_key: bytes = _KEY,
        config_dir: Path | None = None,
        reconcile_seconds: float = 1.0,
    ) -> None:
        self.clock = clock or FixedClock(NOW)
        self._follows = {service.name: followed_by(service) for service in services}
        settings = [
            Settings(
                service=service.name,
                database_uri=f"sqlite:///{directory / service.name}.db",
                amqp_uri=embedded.install(),
                clock=self.clock,
                identifier_key=identifier_key,
                config_dir=config_dir,
                reconcile_seconds=reconcile_seconds,
            )
            for service in services
        ]
        for prepare, each in zip(services.values(), settings, strict=True):
            if not (directory / f"{each.service}.db").exists():
                prepare(each.database_uri)
        self._runner = Runner(list(zip(services, settings, strict=True)))

    def __enter__(self) -> Self:
        with redirect_stderr(StringIO()):  # eventlet prints the stack of what is raised here anyway
            self._runner.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.stop()
        embedded.forget()

    def call(self, service: str, method: str, /, **arguments: Any) -> Any:
        """The response of an RPC call, or the error that the service raised."""
        with Client(embedded.install()) as client:
            return client.call(service, method, **arguments)

    def wait_until_followed(self, seconds: float = 30.0) -> None:
        """Wait until every service has applied every event of the services that it follows.

        Raises TimeoutError, naming what is missing, after `seconds`.
        """
        end = time.monotonic() + seconds
        while missing := self._missing():
            if time.monotonic() > end:
                raise TimeoutError(f"not applied after {seconds:g} s: {', '.join(missing)}")
            time.sleep(0.02)

    def _missing(self) -> list[str]:
        works = self._runner.unit_of_work_runners()
        missing = []
        for name, sources in self._follows.items():
            for source in sources & works.keys():
                heads, places = works[source].read(_heads), works[name].read(_places(source))
                missing += [
                    f"{source}/{stream} by {name}"
                    for stream, version in heads.items()
                    if places.get(stream, 0) < version
                ]
        return missing


def followed_by(service: type[Service]) -> set[str]:
    """The services whose events a service follows: those of its methods under `@subscribe`."""
    return {
        entry_point.source_name
        for name in dir(service)
        for entry_point in getattr(getattr(service, name), "nameko_entrypoints", ())
        if isinstance(entry_point, Subscribe)
    }


def _heads(unit: UnitOfWork) -> dict[str, int]:
    query = sa.select(STREAMS.c.stream_id, STREAMS.c.version)
    return {row.stream_id: row.version for row in unit.connection.execute(query)}


def _places(source: str) -> Callable[[UnitOfWork], dict[str, int]]:
    query = sa.select(POSITIONS.c.stream_id, POSITIONS.c.version)
    query = query.where(POSITIONS.c.source == source)
    return lambda unit: {row.stream_id: row.version for row in unit.connection.execute(query)}


class _Toy(Service):
    """A service without rules of its own: it records what it is asked to, and says what it has."""

    name: ClassVar[str] = "toy"

    @rpc
    def append(self, events: Any) -> dict[str, int]:
        """Append `events`, each {stream, type, data}; the version that each stream has come to."""
        drafts = [draft(each["stream"], each["type"], each.get("data")) for each in events]
        appended = self.work.run(lambda unit: unit.append(drafts))
        return {each.event.stream: each.event.version for each in appended}


def toy_service(name: str = "toy") -> type[Service]:
    """The toy as a service of this name: it stands for one that the service under test follows.

    Its call `append(events)` records any events, and they are published like any others.
    """
    return type(f"Toy{name.title().replace('_', '')}", (_Toy,), {"name": name})


def create_toy(uri: str) -> None:
    """The tables of a toy service, in an empty database."""
    create_tables(uri)
