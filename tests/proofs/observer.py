"""Everything that a suite has written, read straight from its databases and its broker."""

import time

import amqp
import kombu

from contracts.topology import FOLLOWS
from tests.support.oracle import read_log
from tests.support.system import NotReady

_QUIET = 2  # so often in a row must nothing be behind


class SuiteObserver:
    """The four databases of `suite`, read as their administrator."""

    def __init__(self, suite):
        self._suite = suite
        self._operator_uri = suite.virtual_host.operator_uri()
        self._connections = {name: suite.administrator(name) for name in suite.services}

    def close(self):
        for connection in self._connections.values():
            connection.close()

    def rows(self, service, query):
        """The rows that a query finds in the database of `service`."""
        with self._connections[service].cursor() as cursor:
            cursor.execute(query)
            return cursor.fetchall()

    def log(self, service):
        """The log of `service`."""
        return read_log(self._connections[service])

    def behind(self):
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
                lines += self._behind(service, source, heads[source])
        return lines + self._backlog() + self._messages()

    def _behind(self, service, source, heads):
        positions = {
            stream: (version, seen, halted)
            for stream, version, seen, halted in self.rows(
                service,
                f"SELECT stream_id, version, seen, halted FROM positions WHERE source = '{source}'",
            )
        }
        late = [
            f"{stream} at {positions.get(stream, (0, 0, False))} of {head}"
            for stream, head in sorted(heads.items())
            if positions.get(stream, (0,))[0] != head
        ]
        if not late:
            return []
        told = "; ".join(late[:3])
        return [
            f"{service}: {len(late)} streams of {source} are behind (version, seen, halted): {told}"
        ]

    def _backlog(self):
        """What profiles has accepted while identity did not answer, and not recorded yet."""
        [[there]] = self.rows("profiles", "SELECT to_regclass('waiting') IS NOT NULL")
        if not there:
            return []
        [[waiting]] = self.rows("profiles", "SELECT count(*) FROM waiting")
        return [f"profiles: {waiting} events wait for identity"] if waiting else []

    def _messages(self):
        lines = []
        with kombu.Connection(self._operator_uri) as connection:
            for service in self._suite.services:
                for queue in (*(f"{service}.{source}" for source in FOLLOWS[service]),):
                    lines += self._waiting(connection, queue)
                lines += self._waiting(connection, f"{service}.dead")
        return lines

    @staticmethod
    def _waiting(connection, queue):
        try:
            found = connection.default_channel.queue_declare(queue, passive=True)
        except amqp.NotFound:
            return [f"the queue {queue} is gone"]
        return [f"{found.message_count} messages wait in {queue}"] if found.message_count else []

    def wait_until_quiet(self, patience=90.0):
        """Wait until nothing is behind anywhere; NotReady says what is stuck. Seconds waited."""
        start = time.monotonic()
        quiet = 0
        while quiet < _QUIET:
            lines = self.behind()
            quiet = 0 if lines else quiet + 1
            if time.monotonic() - start > patience:
                stuck = "\n".join(lines)
                raise NotReady(f"After {patience:g} s still behind:\n{stuck}\n{self._suite.logs()}")
            time.sleep(0.3)
        return time.monotonic() - start
