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

    def __init__(self, suite: ProcessSuite) -> None:
        self._suite = suite
        self._outbox = {
            service: {row[0] for row in rows(suite, service, "SELECT id FROM outbox")}
            for service in suite.services
        }
        self._behind = {
            (service, source): self._lagging(service, source) for service, source in FOLLOWING
        }
        [[place]] = rows(suite, "profiles", "SELECT coalesce(max(place), 0) FROM waiting")
        self._last_deferred = place

    def left(self) -> list[str]:
        """What of it is still to be done, in lines that a person can read."""
        lines = []
        for service in self._suite.services:
            self._outbox[service] &= {
                row[0] for row in rows(self._suite, service, "SELECT id FROM outbox")
            }
            if self._outbox[service]:
                lines.append(f"{service}: {len(self._outbox[service])} rows are in the outbox")
        [[waiting]] = rows(
            self._suite,
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
        for service in self._suite.services:
            [[halted]] = rows(self._suite, service, "SELECT count(*) FROM positions WHERE halted")
            if halted:
                lines.append(f"{service}: {halted} streams are halted")
        return lines

    def _lagging(self, service: str, source: str) -> dict[str, int]:
        query = "SELECT stream_id, version FROM streams"
        heads = dict(rows(self._suite, source, query))
        query = "SELECT stream_id, version FROM positions WHERE source = %s"
        applied = dict(rows(self._suite, service, query, source))
        return {s: version for s, version in heads.items() if applied.get(s, 0) < version}

    def _forget_applied(self, service: str, source: str, behind: dict[str, int]) -> None:
        if not behind:
            return
        query = "SELECT stream_id, version FROM positions WHERE source = %s AND stream_id = ANY(%s)"
        for stream, version in rows(self._suite, service, query, source, list(behind)):
            if version >= behind[stream]:
                del behind[stream]


def seconds_until_healed(suite: ProcessSuite, patience: float) -> tuple[float | None, list[str]]:
    """How long the suite takes for what is to be done now; None, and what is left, if too long.

    Shops may go on: what comes later does not count.
    """
    start = time.monotonic()
    pending: Pending | None = None
    lines = ["the databases do not answer"]
    while time.monotonic() - start < patience:
        try:
            pending = pending or Pending(suite)
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
        while not self._stopping.wait(_SAMPLE_SECONDS):
            try:
                applied = {
                    (service, source): int(total)
                    for service in FOLLOWS
                    for source, total in rows(self._suite, service, query)
                }
            except psycopg2.Error:
                continue  # the database is under the fault itself
            self._samples.append((time.monotonic(), {p: applied.get(p, 0) for p in FOLLOWING}))


def rows(suite: ProcessSuite, service: str, query: str, *values: Any) -> list[Any]:
    """The rows that a query finds in the database of a service, over a connection of its own."""
    with closing(suite.administrator(service)) as connection, connection.cursor() as cursor:
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
