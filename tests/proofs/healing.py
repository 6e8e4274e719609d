"""How soon a suite has done all that it had to do, and where following stood still."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise
from typing import Any

import psycopg2

from contracts.topology import FOLLOWS
from tests.support.system import NotReady, ProcessSuite

_SAMPLE_SECONDS = 1.0
_POLL_SECONDS = 0.25
FOLLOWING = [(service, source) for service, sources in FOLLOWS.items() for source in sources]


class Pending:
    """What a suite had not done when this was made: applied, published or recorded."""

    def __init__(self, reader: TableReader) -> None:
        self._reader = reader
        self._outbox = {
            service: {row[0] for row in reader.rows(service, "SELECT id FROM outbox")}
            for service in FOLLOWS
        }
        self._behind = {
            (service, source): self._lagging(service, source) for service, source in FOLLOWING
        }
        [[place]] = reader.rows("profiles", "SELECT coalesce(max(place), 0) FROM waiting")
        self._last_deferred = place

    def left(self) -> list[str]:
        """What of it is still to be done, in lines that a person can read."""
        lines = []
        for service in FOLLOWS:
            self._outbox[service] &= {
                row[0] for row in self._reader.rows(service, "SELECT id FROM outbox")
            }
            if self._outbox[service]:
                lines.append(f"{service}: {len(self._outbox[service])} rows are in the outbox")
        [[waiting]] = self._reader.rows(
            "profiles",
            "SELECT count(*) FROM waiting WHERE refused IS NULL AND place <= %s",
            self._last_deferred,
        )
        if waiting:
            lines.append(f"profiles: {waiting} events are deferred")
        for (service, source), behind in self._behind.items():
            self._forget_applied(service, source, behind)
            if behind:
                lines.append(f"{service}: {len(behind)} streams of {source} lag")
        for service in FOLLOWS:
            [[halted]] = self._reader.rows(service, "SELECT count(*) FROM positions WHERE halted")
            if halted:
                lines.append(f"{service}: {halted} streams are halted")
        return lines

    def _lagging(self, service: str, source: str) -> dict[str, int]:
        query = "SELECT stream_id, version FROM streams"
        heads = dict(self._reader.rows(source, query))
        query = "SELECT stream_id, version FROM positions WHERE source = %s"
        applied = dict(self._reader.rows(service, query, source))
        return {s: version for s, version in heads.items() if applied.get(s, 0) < version}

    def _forget_applied(self, service: str, source: str, behind: dict[str, int]) -> None:
        if not behind:
            return
        query = "SELECT stream_id, version FROM positions WHERE source = %s AND stream_id = ANY(%s)"
        for stream, version in self._reader.rows(service, query, source, list(behind)):
            if version >= behind[stream]:
                del behind[stream]


def seconds_until_healed(suite: ProcessSuite, patience: float) -> tuple[float | None, list[str]]:
    """How long the suite takes for what is to be done now; None, and what is left, if too long.

    Shops may go on: what comes later does not count.
    """
    start = time.monotonic()
    pending: Pending | None = None
    lines = ["the databases do not answer"]
    with closing(TableReader(suite)) as reader:
        while time.monotonic() - start < patience:
            try:
                pending = pending or Pending(reader)
                lines = pending.left()
            except psycopg2.Error as error:
                lines = [f"the databases do not answer: {error}"]
            if not lines:
                return time.monotonic() - start, []
            time.sleep(_POLL_SECONDS)
    return None, lines


class FollowingSampler:
    """Looks every second how much each service has applied of each source's events."""

    def __init__(self, suite: ProcessSuite) -> None:
        self._suite = suite
        self._samples: list[tuple[float, dict[tuple[str, str], int]]] = []
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Sample within `with`."""
        self._thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            self._thread.join()

    def longest_standstill(self, start: float, end: float) -> tuple[float, str]:
        """The longest time between two instants in which a service applied nothing of a source."""
        samples = [sample for sample in self._samples if start <= sample[0] <= end]
        standstills = [(0.0, "")]
        for place in FOLLOWING:
            moved_at = start
            for (_, before), (at, after) in pairwise(samples):
                if after[place] != before[place]:
                    standstills.append((at - moved_at, "<".join(place)))
                    moved_at = at
            standstills.append((end - moved_at, "<".join(place)))
        return max(standstills)

    def _run(self) -> None:
        query = "SELECT source, coalesce(sum(version), 0) FROM positions GROUP BY source"
        with closing(TableReader(self._suite)) as reader:
            while not self._stopping.wait(_SAMPLE_SECONDS):
                try:
                    applied = {
                        (service, source): int(total)
                        for service in FOLLOWS
                        for source, total in reader.rows(service, query)
                    }
                except psycopg2.Error:
                    continue  # the database is under the fault itself
                sample = {place: applied.get(place, 0) for place in FOLLOWING}
                self._samples.append((time.monotonic(), sample))


class TableReader:
    """The tables of a suite's services; a connection that was lost is opened again by the next."""

    def __init__(self, suite: ProcessSuite) -> None:
        self._suite = suite
        self._connections: dict[str, Any] = {}

    def rows(self, service: str, query: str, *values: Any) -> list[Any]:
        """The rows that a query finds; psycopg2.Error if the database does not answer."""
        if service not in self._connections:
            self._connections[service] = self._suite.administrator(service)
        try:
            return _rows(self._connections[service], query, values)
        except psycopg2.Error:
            self._connections.pop(service).close()
            raise

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()


def rows(suite: ProcessSuite, service: str, query: str, *values: Any) -> list[Any]:
    """The rows that a query finds in the database of a service, over a connection of its own."""
    with closing(suite.administrator(service)) as connection:
        return _rows(connection, query, values)


def _rows(connection: Any, query: str, values: tuple[Any, ...]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query, values or None)
        found: list[Any] = cursor.fetchall() if cursor.description else []
        return found


def wait_for(condition: Any, event: str, patience: float = 30.0) -> None:
    """Wait until `condition()` is true; NotReady names the `event` that did not come."""
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise NotReady(f"Waited {patience:g} s in vain: {event}")
        time.sleep(0.02)
