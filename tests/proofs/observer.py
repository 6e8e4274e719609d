"""All that a suite has stored, read straight from its databases and its broker."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import amqp
import kombu

from contracts.topology import FOLLOWS
from tests.support.oracle import LoggedEvent, read_log
from tests.support.system import NotReady, ProcessSuite

_QUIET_POLLS = 2  # in a row, without anything lagging


class SuiteObserver:
    """The four databases of `suite`, read as their administrator."""

    def __init__(self, suite: ProcessSuite) -> None:
        self._suite = suite
        self._operator_uri = suite.virtual_host.operator_uri()
        self._connections = {name: suite.administrator(name) for name in suite.services}

    def close(self) -> None:
        for connection in self._connections.values():
            connection.close()

    def rows(self, service: str, query: str) -> list[Any]:
        """The rows that a query finds in the database of `service`."""
        with self._connections[service].cursor() as cursor:
            cursor.execute(query)
            rows: list[Any] = cursor.fetchall()
        return rows

    def log(self, service: str) -> list[LoggedEvent]:
        """The log of `service`."""
        events: list[LoggedEvent] = read_log(self._connections[service])
        return events

    def lagging(self) -> list[str]:
        """What is not done yet, in lines that a person can read; none when all is quiet."""
        lines = []
        heads = {
            service: dict(self.rows(service, "SELECT stream_id, version FROM streams"))
            for service in self._suite.services
        }
        for service in self._suite.services:
            [[waiting]] = self.rows(service, "SELECT count(*) FROM outbox")
            if waiting:
                lines.append(f"{service}: {waiting} rows are in the outbox")
            for source in FOLLOWS[service]:
                lines += self._lagging(service, source, heads[source])
        return lines + self._deferred() + self._messages()

    def _lagging(self, service: str, source: str, heads: Mapping[str, int]) -> list[str]:
        positions = {
            stream: (version, seen, halted)
            for stream, version, seen, halted in self.rows(
                service,
                f"SELECT stream_id, version, seen, halted FROM positions WHERE source = '{source}'",
            )
        }
        lagging = [
            f"{stream} at {positions.get(stream, (0, 0, False))} of {head}"
            for stream, head in sorted(heads.items())
            if positions.get(stream, (0,))[0] != head
        ]
        if not lagging:
            return []
        examples = "; ".join(lagging[:3])
        return [
            f"{service}: {len(lagging)} streams of {source} lag (version, seen, halted): {examples}"
        ]

    def _deferred(self) -> list[str]:
        """Events that profiles has deferred and not recorded yet."""
        [[exists]] = self.rows("profiles", "SELECT to_regclass('waiting') IS NOT NULL")
        if not exists:
            return []
        [[waiting]] = self.rows("profiles", "SELECT count(*) FROM waiting")
        return [f"profiles: {waiting} events are deferred"] if waiting else []

    def _messages(self) -> list[str]:
        lines = []
        with kombu.Connection(self._operator_uri) as connection:
            for service in self._suite.services:
                for queue in (*(f"{service}.{source}" for source in FOLLOWS[service]),):
                    lines += self._waiting(connection, queue)
                lines += self._waiting(connection, f"{service}.dead")
        return lines

    @staticmethod
    def _waiting(connection: Any, queue: str) -> list[str]:
        try:
            declared = connection.default_channel.queue_declare(queue, passive=True)
        except amqp.NotFound:
            return [f"the queue {queue} is gone"]
        return (
            [f"{declared.message_count} messages wait in {queue}"] if declared.message_count else []
        )

    def wait_until_quiet(self, patience: float = 90.0) -> float:
        """Wait until nothing lags, and return for how long; NotReady says what is stuck."""
        start = time.monotonic()
        quiet = 0
        while quiet < _QUIET_POLLS:
            lines = self.lagging()
            quiet = 0 if lines else quiet + 1
            if time.monotonic() - start > patience:
                stuck = "\n".join(lines)
                raise NotReady(
                    f"Still lagging after {patience:g} s:\n{stuck}\n{self._suite.logs()}"
                )
            time.sleep(0.3)
        return time.monotonic() - start
