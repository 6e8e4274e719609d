"""PostgreSQL: a database for each service, owned by its migration role, used by a lesser one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

import psycopg2
from psycopg2.sql import SQL, Composed, Identifier, Literal


class Cluster:
    """A PostgreSQL server, seen by an administrator who may create roles and databases.

    `uri` is a libpq URI; its database is used for connecting only.
    """

    def __init__(self, uri: str, application_name: str = "cdp") -> None:
        self.uri = uri
        self._application_name = application_name

    def create_role(self, role: str, password: str) -> None:
        """Create a role that may log in, or give it this password if it exists."""
        with self._session() as execute:
            verb = (
                "ALTER" if execute("SELECT 1 FROM pg_roles WHERE rolname = %s", role) else "CREATE"
            )
            statement = SQL(verb + " ROLE {} LOGIN PASSWORD {}")
            execute(statement.format(Identifier(role), Literal(password)))

    def create_database(self, database: str, owner: str, *users: str, template: str = "") -> None:
        """Create a database that nobody but `owner` and `users` may connect to."""
        names = {"database": Identifier(database), "owner": Identifier(owner)}
        with self._session() as execute:
            if execute("SELECT 1 FROM pg_database WHERE datname = %s", database):
                return
            execute(SQL("GRANT {owner} TO CURRENT_USER").format(**names))
            source = SQL(" TEMPLATE {}").format(Identifier(template)) if template else SQL("")
            execute(SQL("CREATE DATABASE {database} OWNER {owner}").format(**names) + source)
            execute(SQL("REVOKE ALL ON DATABASE {database} FROM PUBLIC").format(**names))
            for user in users:
                statement = SQL("GRANT CONNECT ON DATABASE {} TO {}")
                execute(statement.format(names["database"], Identifier(user)))
        if template:
            return
        with self._session(database) as execute:
            execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
            execute(SQL("GRANT ALL ON SCHEMA public TO {owner}").format(**names))

    def drop_database(self, database: str) -> None:
        """Drop a database with all its connections, if it exists."""
        with self._session() as execute:
            execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(database)))

    def drop_role(self, role: str) -> None:
        """Drop a role that owns nothing any more, if it exists."""
        with self._session() as execute:
            execute(SQL("DROP ROLE IF EXISTS {}").format(Identifier(role)))

    def databases(self, prefix: str) -> list[str]:
        """The databases whose names begin with `prefix`."""
        with self._session() as execute:
            rows = execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", prefix)
        return [name for (name,) in rows]

    def roles(self, prefix: str) -> list[str]:
        """The roles whose names begin with `prefix`."""
        with self._session() as execute:
            rows = execute("SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", prefix)
        return [name for (name,) in rows]

    def applications(self) -> set[str]:
        """The application names of all sessions that are open now."""
        with self._session() as execute:
            return {name for (name,) in execute("SELECT application_name FROM pg_stat_activity")}

    def connect(self, database: str = "") -> Any:
        """A psycopg2 connection of the administrator, in autocommit."""
        connection = psycopg2.connect(
            at_database(self.uri, database) if database else self.uri,
            application_name=self._application_name,
        )
        connection.autocommit = True
        return connection

    def uri_for(self, user: str, password: str, database: str) -> str:
        """Where `user` reaches `database` on this server."""
        parts = urlsplit(self.uri)
        host = parts.hostname or "localhost"
        place = f"[{host}]" if ":" in host else host
        address = f"{place}:{parts.port}" if parts.port else place
        return f"postgresql://{quote(user)}:{quote(password, safe='')}@{address}/{quote(database)}"

    @contextmanager
    def _session(self, database: str = "") -> Iterator[Any]:
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:

                def execute(statement: str | SQL | Composed, *values: object) -> list[Any]:
                    cursor.execute(statement, values or None)
                    return cursor.fetchall() if cursor.description else []

                yield execute
        finally:
            connection.close()


def at_database(uri: str, database: str) -> str:
    """The same server's URI with another database."""
    return urlunsplit(urlsplit(uri)._replace(path=f"/{quote(database)}"))
