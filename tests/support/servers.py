"""A test run's own part of PostgreSQL and RabbitMQ: made when first needed, removed at its end.

Everything a run makes carries its prefix, `cdp_test_<8 hex digits>`. A run lives as long as it has
a session in PostgreSQL under that name, so each run can sweep up what a killed one left behind.
"""

from __future__ import annotations

import os
import re
import secrets
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import eventlet

from contracts.topology import ALL_NAMES
from deploy.access import CLIENT
from deploy.broker import definitions
from deploy.databases import Cluster
from deploy.find_postgresql import find_cluster
from deploy.find_rabbitmq import Broker, find_broker

DATABASE_VARIABLE = "CDP_TEST_DATABASE_URI"
BROKER_VARIABLE = "CDP_TEST_AMQP_URI"
_DROPS_AT_ONCE = 16  # databases, each with a connection
_PREFIX = "cdp_test_"
_RUN = re.compile(_PREFIX + "[0-9a-f]{8}")
_PASSWORD = "only-for-tests"
# Virtual hosts: each start of rabbitmqctl takes most of a second.
_MADE_AT_ONCE, _DELETED_AT_ONCE = 4, 16
_END_SESSIONS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


class Databases:
    """Makes databases, each migrated once and copied for every test that asks.

    Unless they are to be `durable`, a commit does not wait for the disk of the server: it is there
    for everybody else at once, and lost only with the server itself. They are made in the server
    whose administrator's URI is `uri`, else in the one that is found.
    """

    def __init__(self, *, durable: bool = True, uri: str | None = None) -> None:
        self.prefix = f"{_PREFIX}{secrets.token_hex(4)}"
        self.cluster = find_cluster(
            uri or os.environ.get(DATABASE_VARIABLE), DATABASE_VARIABLE, self.prefix
        )
        self._alive = self.cluster.connect()
        self._durable = durable
        self._made = 0
        self._templates: set[str] = set()
        self._roles: set[str] = set()
        self._spare: dict[str, list[str]] = {}
        self._tables: dict[str, set[str]] = {}
        self._rows: dict[str, dict[str, str]] = {}  # of a database that was just made
        self._sweep()

    def _sweep(self) -> None:
        """Remove what dead runs left; of several runs that start at once, one after the other."""
        with self._alive.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [_PREFIX])
            names = self.cluster.databases(_PREFIX) + self.cluster.roles(_PREFIX)
            for run in self.dead_runs(names):
                _remove(self.cluster, run)
            cursor.execute("SELECT pg_advisory_unlock(hashtext(%s))", [_PREFIX])

    def dead_runs(self, names: list[str]) -> set[str]:
        """The runs that left something under one of `names` and live no more."""
        runs = {match[0] for name in names if (match := _RUN.match(name))}
        return runs - self.cluster.applications()

    def user(self, name: str) -> str:
        """The role of a service (or `<service>_owner`, which migrates), made when first named."""
        role = f"{self.prefix}_{name}"
        if role not in self._roles:
            self.cluster.create_role(role, _PASSWORD)
            if not self._durable:
                with self._alive.cursor() as cursor:
                    cursor.execute(f"ALTER ROLE {role} SET synchronous_commit = off")
            self._roles.add(role)
        return role

    def create(
        self, service: str, migrate: Callable[[str, str], object] | None = None
    ) -> tuple[str, str]:
        """A new database: the URIs of its owner and of the service's own, lesser user.

        `migrate(owner's URI, user)` fills it the first time; the next ones are copies.
        """
        owner, user = self.user(f"{service}_owner"), self.user(service)
        self._made += 1
        database = f"{self.prefix}_{service}_{self._made}"
        template = ""
        if migrate is not None:
            template = f"{self.prefix}_{service}_template"
            if service not in self._templates:
                self.cluster.drop_database(template)
                self.cluster.create_database(template, owner)
                migrate(self.cluster.uri_for(owner, _PASSWORD, template), user)
                self._templates.add(service)
        self.cluster.create_database(database, owner, user, template=template)
        return (
            self.cluster.uri_for(owner, _PASSWORD, database),
            self.cluster.uri_for(user, _PASSWORD, database),
        )

    def drop(self, uri: str) -> None:
        """End the sessions of a database. It goes with the run: each drop awaits a checkpoint."""
        with closing(self.administrator(uri)) as connection, connection.cursor() as cursor:
            cursor.execute(_END_SESSIONS)

    def lend(self, service: str, migrate: Callable[[str, str], object]) -> str:
        """The URI, for the service's own user, of an empty database with that service's tables."""
        spare = self._spare.setdefault(service, [])
        if spare:
            return spare.pop()
        uri = self.create(service, migrate)[1]
        with closing(self.administrator(uri)) as connection, connection.cursor() as cursor:
            self._tables[service] = _tables(cursor)
            self._rows[service] = _rows(cursor, self._tables[service])
        return uri

    def take_back(self, service: str, uri: str) -> None:
        """Make a lent database as it was, for the next test: making another takes far longer."""
        with closing(self.administrator(uri)) as connection, connection.cursor() as cursor:
            cursor.execute(_END_SESSIONS)
            reusable = _tables(cursor) == self._tables[service]
            if reusable:
                cursor.execute("SET session_replication_role = replica")  # nothing guards the log
                cursor.execute(";".join(f"DELETE FROM {table}" for table in self._tables[service]))
                for table, rows in self._rows[service].items():
                    values = f"json_populate_recordset(NULL::{table}, %s)"
                    cursor.execute(f"INSERT INTO {table} SELECT * FROM {values}", (rows,))
        if reusable:
            self._spare[service].append(uri)
        else:
            self.drop(uri)

    def administrator(self, uri: str) -> Any:
        """A psycopg2 connection of the administrator to the database at `uri`, in autocommit."""
        return self.cluster.connect(uri.rpartition("/")[2])

    def close(self) -> None:
        """Remove everything that the run made."""
        _remove(self.cluster, self.prefix)
        self._alive.close()


class VirtualHost:
    """A virtual host of the broker; each service reaches it as a user with its own permissions."""

    def __init__(self, name: str, users: str, broker: Broker) -> None:
        self.name = name
        self._users = users
        self._broker = broker

    def uri(self, name: str) -> str:
        """Where the service `name`, or "client" for a shop's back end, reaches it."""
        return self._broker.uri(f"{self._users}{name}", _PASSWORD, self.name)

    def operator_uri(self) -> str:
        """Where somebody reaches it who may do everything in it, unlike any service."""
        return self.uri("operator")

    def cut_connections(self) -> None:
        """Close every connection to it, as an operator would."""
        self._broker.administration.close_connections(self.name)


class VirtualHosts:
    """Makes virtual hosts on `broker`, else on the one that is found; they and their users carry
    the run's prefix."""

    def __init__(self, databases: Databases, broker: Broker | None = None) -> None:
        self._prefix = databases.prefix
        self._broker = broker or find_broker(os.environ.get(BROKER_VARIABLE), BROKER_VARIABLE)
        self._administration = self._broker.administration
        self._made = 0
        self._spare: list[VirtualHost] = []
        self._done: list[str] = []
        hosts, users = self._administration.virtual_hosts(), self._administration.users()
        if dead := databases.dead_runs([*hosts, *users]):
            self._remove(dead, hosts, users)

    def create(self, *others: str) -> VirtualHost:
        """A new virtual host with a user for each service, for `others` and a shop's back end."""
        if others:
            return self._make(1, others)[0]
        if not self._spare:
            self._spare = self._make(_MADE_AT_ONCE)
        return self._spare.pop()

    def _make(self, count: int, others: Sequence[str] = ()) -> list[VirtualHost]:
        names = [f"{self._prefix}_{self._made + number}" for number in range(1, count + 1)]
        self._made += count
        passwords = dict.fromkeys((*ALL_NAMES, *others, CLIENT), _PASSWORD)
        users = f"{self._prefix}_"
        documents = [definitions(name, passwords, users) for name in names]
        merged = {kind: [row for each in documents for row in each[kind]] for kind in documents[0]}
        operator = {"name": f"{users}operator", "password": _PASSWORD, "tags": ""}
        everything = dict.fromkeys(("configure", "write", "read"), ".*")
        merged["users"] = [*documents[0]["users"], operator]  # those of all the virtual hosts
        merged["permissions"] += [
            {"user": operator["name"], "vhost": n} | everything for n in names
        ]
        self._administration.load(merged)
        return [VirtualHost(name, users, self._broker) for name in names]

    def delete(self, virtual_host: VirtualHost) -> None:
        """Remove a virtual host with its queues, soon; its users stay until the run ends."""
        self._done.append(virtual_host.name)
        if len(self._done) >= _DELETED_AT_ONCE:
            self._administration.delete(self._done, [])
            self._done = []

    def close(self) -> None:
        """Remove everything that the run made."""
        hosts, users = self._administration.virtual_hosts(), self._administration.users()
        self._remove({self._prefix}, hosts, users)

    def _remove(self, runs: set[str], hosts: list[str], users: list[str]) -> None:
        def theirs(names: list[str]) -> list[str]:
            return [name for name in names if (match := _RUN.match(name)) and match[0] in runs]

        self._administration.delete(theirs(hosts), theirs(users))


def _tables(cursor: Any) -> set[str]:
    """All tables of a database, whatever their schema."""
    cursor.execute(
        "SELECT schemaname || '.' || tablename FROM pg_tables"
        " WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"
    )
    return {name for (name,) in cursor.fetchall()}


def _rows(cursor: Any, tables: set[str]) -> dict[str, str]:
    """What is in those of the tables in which there is something, as JSON."""
    rows = {}
    for table in tables:
        cursor.execute(f"SELECT json_agg({table.partition('.')[2]})::text FROM {table}")
        (text,) = cursor.fetchone()
        if text is not None:
            rows[table] = text
    return rows


def _remove(cluster: Cluster, run: str) -> None:
    # Each drop awaits a checkpoint, which those that wait at once share.
    pool = eventlet.GreenPool(_DROPS_AT_ONCE)
    list(pool.imap(cluster.drop_database, cluster.databases(run)))
    for role in cluster.roles(run):
        cluster.drop_role(role)
