"""The shadow on PostgreSQL: a schema beside the one in use.

Tables move from one schema to the other, which takes as long for a large table as for a small one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import Conflict, Refused
from chassis.database.engine import UNSHARED_LIMITS, Database
from chassis.database.tables import POSITIONS
from chassis.eventlog.log import HeadCursor
from chassis.projections.read_model import LockMode
from chassis.projections.shadow_base import (
    StreamGap,
    create_tables,
    different_form,
    retire_dead_letters,
)

_SHADOW = "rebuild"
_LIVE = "public"
_RETIRED = "rebuild_retired"
_LOCK_MS = 300  # while this waits for a lock, everybody behind it waits too
_ADVISORY = 0x6364_7072  # "cdpr": one rebuild at a time in a database
_HOLDER = sa.text(
    """
    SELECT pid, host(client_addr) AS host
    FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objid = :key AND datname = current_database()
    """
)
_DENIED = "42501"
_COLUMNS = sa.text(
    """
    SELECT namespace.nspname, class.relname, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_attribute
    JOIN pg_class AS class ON class.oid = attrelid
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE namespace.nspname = ANY(:schemas) AND class.relname = ANY(:names)
      AND attnum > 0 AND NOT attisdropped
    """
)
_GRANTS = sa.text(
    """
    SELECT class.relname, acl.grantee::regrole::text, string_agg(acl.privilege_type, ', ')
    FROM pg_class AS class
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    CROSS JOIN LATERAL aclexplode(class.relacl) AS acl
    WHERE namespace.nspname = :schema AND class.relname = ANY(:names)
      AND acl.grantee <> class.relowner AND acl.grantee <> 0
    GROUP BY 1, 2
    """
)
_GAPS = sa.text(
    f"""
    SELECT live.stream_id, live.version, live.seen, coalesce(new.version, 0) AS shadow_version,
           live.restored_to
    FROM {_LIVE}.positions AS live
    LEFT JOIN {_SHADOW}.positions AS new
           ON new.source = live.source AND new.stream_id = live.stream_id
    WHERE live.source = :source AND live.seen > coalesce(new.version, 0)
    """  # noqa: S608 - made of constants
)
_UNAPPLIED = sa.text(
    f"""
    SELECT streams.stream_id, streams.version
    FROM {_LIVE}.streams
    LEFT JOIN {_SHADOW}.positions AS new
           ON new.source = :service AND new.stream_id = streams.stream_id
    WHERE (streams.incarnation, streams.changed_in, streams.stream_id)
          >= (:incarnation, :changed_in, :stream)
      AND streams.version > coalesce(new.version, 0)
    """  # noqa: S608 - made of constants
)


class PostgresqlShadow:
    """A schema `rebuild`, and connections that see no other schema."""

    def __init__(self, live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> None:
        self.database = Database(uri, by_key=False, limits=UNSHARED_LIMITS)
        event.listen(self.database.engine, "connect", _set_search_path, insert=True)
        self._live = live
        self._tables = tables
        self._release = release
        self._session: sa.Connection | None = None  # has the lock of the only rebuild

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        with self._live.engine.connect() as connection:
            session = connection.execution_options(isolation_level="AUTOCOMMIT")
            lock = sa.func.pg_try_advisory_lock(_ADVISORY)
            if not session.execute(sa.select(lock)).scalar():
                raise _under_way(session)
            self._session = session
            try:
                yield
            finally:
                self._session = None
                if not session.invalidated:
                    session.execute(sa.select(sa.func.pg_advisory_unlock(_ADVISORY)))

    def prepare(self) -> None:
        with self._as_owner() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {_SHADOW}")
        with self.database.transaction() as connection:
            create_tables(connection, self._tables, self._release)
        with self._live.transaction() as connection:
            self._compare_columns(connection)

    def analyse(self) -> None:
        with self.database.transaction() as connection:
            for table in self._tables:
                connection.exec_driver_sql(f'ANALYZE {_SHADOW}."{table.name}"')

    def lock(self, connection: sa.Connection, tables: Sequence[sa.Table], mode: LockMode) -> None:
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MS}")
        for table in tables:
            _lock(connection, table, mode)

    def gaps(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        rows = connection.execute(_GAPS, {"source": source})
        return [
            StreamGap(r.stream_id, r.version, r.seen, r.shadow_version, r.restored_to) for r in rows
        ]

    def unapplied(
        self, connection: sa.Connection, service: str, since: HeadCursor
    ) -> dict[str, int]:
        rows = connection.execute(_UNAPPLIED, {"service": service, **since._asdict()})
        return {row.stream_id: row.version for row in rows}

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        self._check_exclusive()
        names = [table.name for table in self._tables]
        for table in self._tables:
            _lock(connection, table, LockMode.ACCESS_EXCLUSIVE)
        self._compare_columns(connection)
        grants = connection.execute(_GRANTS, {"schema": _LIVE, "names": names}).all()
        for name, grantee, privileges in grants:
            connection.exec_driver_sql(f'GRANT {privileges} ON {_SHADOW}."{name}" TO {grantee}')
        if POSITIONS in self._tables:
            retire_dead_letters(connection, sources, now)
            connection.exec_driver_sql(
                f"INSERT INTO {_LIVE}.dead_letters SELECT * FROM {_SHADOW}.dead_letters"  # noqa: S608
            )
        connection.exec_driver_sql(f"CREATE SCHEMA {_RETIRED}")
        for name in names:
            connection.exec_driver_sql(f'ALTER TABLE {_LIVE}."{name}" SET SCHEMA {_RETIRED}')
            connection.exec_driver_sql(f'ALTER TABLE {_SHADOW}."{name}" SET SCHEMA {_LIVE}')
        # In the same transaction, so that no later rebuild can resume from what is left.
        connection.exec_driver_sql(f"DROP SCHEMA {_RETIRED}, {_SHADOW} CASCADE")

    def remove(self) -> None:
        self.database.close()
        with self._as_owner() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {_SHADOW} CASCADE")

    def _check_exclusive(self) -> None:
        """Conflict if somebody has ended the session that has the lock, for another rebuild."""
        try:
            if self._session is not None:
                self._session.exec_driver_sql("SELECT 1")
        except DBAPIError:
            raise Conflict("rebuild", "lost its session; continue with --resume") from None

    @contextmanager
    def _as_owner(self) -> Iterator[sa.Connection]:
        """A transaction for what the tables' owner alone may do; Refused for anybody else."""
        try:
            with self._live.transaction() as connection:
                yield connection
        except DBAPIError as error:
            if getattr(error.orig, "pgcode", None) != _DENIED:
                raise
            raise Refused(
                "rebuild", "is the table owner's to do; set CDP_<SERVICE>_OWNER_DATABASE_URI"
            ) from None

    def _compare_columns(self, connection: sa.Connection) -> None:
        """Conflict if this release's tables have other columns than those in use."""
        columns: dict[str, set[tuple[Any, ...]]] = {_SHADOW: set(), _LIVE: set()}
        names = [table.name for table in self._tables]
        rows = connection.execute(_COLUMNS, {"schemas": [_SHADOW, _LIVE], "names": names})
        for schema, *column in rows:
            columns[schema].add(tuple(column))
        if differences := columns[_SHADOW] ^ columns[_LIVE]:
            raise different_form(min(differences)[0])


def _under_way(session: sa.Connection) -> Conflict:
    """The error while another process rebuilds, which may be frozen."""
    message = "is under way already, in another process"
    if holder := session.execute(_HOLDER, {"key": _ADVISORY}).first():
        message += (
            f" on {holder.host or 'the host of the database'}; if that one does not go on, stop it,"
            f" or end its session: SELECT pg_terminate_backend({holder.pid})"
        )
    return Conflict("rebuild", message)


def _lock(connection: sa.Connection, table: sa.Table, mode: LockMode) -> None:
    connection.exec_driver_sql(f'LOCK TABLE {_LIVE}."{table.name}" IN {mode.value} MODE')


def _set_search_path(connection: Any, _record: object) -> None:
    connection.autocommit = True  # a setting made in a transaction would be rolled back with it
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {_SHADOW}")
    connection.autocommit = False
