"""The shadow: a read model's tables once more, in a place of their own, until the exchange.

On PostgreSQL that is a schema beside the one in use: tables move from the one to the other, which
takes no longer for large ones. On SQLite it is a file beside the service's, whose rows are copied.
"""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import Conflict, Refused
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS, POSITIONS, RECONCILED, STREAMS

SCHEMA = "rebuild"
_LIVE = "public"
_RETIRED = "rebuild_retired"
_LOCK_MS = 300  # who waits for a lock stands in the way of everybody after him
_ADVISORY = 0x6364_7072  # "cdpr": one rebuild at a time in a database
_LOCK_REFUSED = {"55P03", "40P01"}
_DENIED = "42501"
_PAGE = 1_000
_COLUMNS = sa.text(
    """
    SELECT namespace.nspname, class.relname, attname, format_type(atttypid, atttypmod), attnotnull
    FROM pg_attribute
    JOIN pg_class AS class ON class.oid = attrelid
    JOIN pg_namespace AS namespace ON namespace.oid = class.relnamespace
    WHERE namespace.nspname = ANY(:places) AND class.relname = ANY(:names)
      AND attnum > 0 AND NOT attisdropped
    """
)
# By which code the tables are made: rows of another's do not go with them.
_RELEASE = sa.Table("release", sa.MetaData(), sa.Column("fingerprint", sa.Text, primary_key=True))
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


@dataclass(frozen=True, slots=True)
class StreamGap:
    """A stream in which the model in use has heard of more than the new one has applied.

    `version` and `seen` are those of the model in use, `ours` is the version of the new one.
    """

    stream: str
    version: int
    seen: int
    ours: int


class Shadow(Protocol):
    """The place of the new model; `database` has its tables and the inbox's, and no others."""

    database: Database

    def alone(self) -> Any:
        """Context: Conflict if another rebuild of the same database is under way."""
        ...

    def prepare(self, *, anew: bool) -> None:
        """Make the tables; those that an interrupted rebuild has left stay, unless `anew`.

        Refused if another release has left them.
        """
        ...

    def analyse(self) -> None:
        """Tell the database's planner what it has to know of them."""
        ...

    def hold(self, connection: sa.Connection, tables: Sequence[sa.Table], *, readers: bool) -> None:
        """Let nobody write to `tables` of the model in use until the transaction ends.

        With `readers` nobody reads them either.
        """
        ...

    def ahead(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        """Where the model in use has heard of more of a source."""
        ...

    def unread(self, connection: sa.Connection, own: str, since: int) -> dict[str, int]:
        """What changed in the service's own log after `since` and is not applied: its heads."""
        ...

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        """Put the new tables into use, and with them what is dead and halted of `sources`."""
        ...

    def remove(self) -> None:
        """Remove what is left of the place."""
        ...


def open_shadow(live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> Shadow:
    """The shadow of the database `live`, reached by `uri` as the owner of its tables.

    `release` is a fingerprint of the code that fills it.
    """
    kind = PostgresqlShadow if live.dialect == "postgresql" else SqliteShadow
    return kind(live, uri, tables, release)


def is_refused_lock(error: DBAPIError) -> bool:
    """Whether others kept the tables, so that a later attempt may succeed."""
    return _code(error) in _LOCK_REFUSED


class PostgresqlShadow:
    """A schema `rebuild`, seen by connections that look nowhere else."""

    def __init__(self, live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> None:
        self.database = Database(uri, by_key=False)
        event.listen(self.database.engine, "connect", _look_into_schema, insert=True)
        self._live = live
        self._tables = tables
        self._release = release

    @contextmanager
    def alone(self) -> Iterator[None]:
        with self._live.engine.connect() as connection:
            session = connection.execution_options(isolation_level="AUTOCOMMIT")
            taken = sa.func.pg_try_advisory_lock(_ADVISORY)
            if not session.execute(sa.select(taken)).scalar():
                raise Conflict("rebuild", "is under way already, in another process")
            try:
                yield
            finally:
                session.execute(sa.select(sa.func.pg_advisory_unlock(_ADVISORY)))

    def prepare(self, *, anew: bool) -> None:
        try:
            with self._live.transaction() as connection:
                if anew:
                    connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
                connection.exec_driver_sql(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        except DBAPIError as error:
            if _code(error) != _DENIED:
                raise
            raise Refused(
                "rebuild", "is the table owner's to do; set CDP_<SERVICE>_OWNER_DATABASE_URI"
            ) from None
        with self.database.transaction() as connection:
            _create(connection, self._tables, self._release)
        with self._live.transaction() as connection:
            self._compare(connection)

    def analyse(self) -> None:
        with self.database.transaction() as connection:
            for table in self._tables:
                connection.exec_driver_sql(f'ANALYZE {SCHEMA}."{table.name}"')

    def hold(self, connection: sa.Connection, tables: Sequence[sa.Table], *, readers: bool) -> None:
        mode = "ACCESS EXCLUSIVE" if readers else "EXCLUSIVE"
        connection.exec_driver_sql(f"SET LOCAL lock_timeout = {_LOCK_MS}")
        for table in tables:
            connection.exec_driver_sql(f'LOCK TABLE {_LIVE}."{table.name}" IN {mode} MODE')

    def ahead(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        query = sa.text(
            f"""
            SELECT live.stream_id, live.version, live.seen, coalesce(new.version, 0) AS ours
            FROM {_LIVE}.positions AS live
            LEFT JOIN {SCHEMA}.positions AS new
                   ON new.source = live.source AND new.stream_id = live.stream_id
            WHERE live.source = :source AND live.seen > coalesce(new.version, 0)
            """  # noqa: S608 - made of constants
        )
        rows = connection.execute(query, {"source": source})
        return [StreamGap(row.stream_id, row.version, row.seen, row.ours) for row in rows]

    def unread(self, connection: sa.Connection, own: str, since: int) -> dict[str, int]:
        query = sa.text(
            f"""
            SELECT streams.stream_id, streams.version
            FROM {_LIVE}.streams
            LEFT JOIN {SCHEMA}.positions AS new
                   ON new.source = :own AND new.stream_id = streams.stream_id
            WHERE streams.changed_at > :since AND streams.version > coalesce(new.version, 0)
            """  # noqa: S608 - made of constants
        )
        rows = connection.execute(query, {"own": own, "since": since})
        return {row.stream_id: row.version for row in rows}

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        names = [table.name for table in self._tables]
        for name in names:
            connection.exec_driver_sql(f'LOCK TABLE {_LIVE}."{name}" IN ACCESS EXCLUSIVE MODE')
        self._compare(connection)
        granted = connection.execute(_GRANTS, {"schema": _LIVE, "names": names}).all()
        for name, grantee, privileges in granted:
            connection.exec_driver_sql(f'GRANT {privileges} ON {SCHEMA}."{name}" TO {grantee}')
        if POSITIONS in self._tables:
            _retire_letters(connection, sources, now)
            connection.exec_driver_sql(
                f"INSERT INTO {_LIVE}.dead_letters SELECT * FROM {SCHEMA}.dead_letters"  # noqa: S608
            )
        connection.exec_driver_sql(f"CREATE SCHEMA {_RETIRED}")
        for name in names:
            connection.exec_driver_sql(f'ALTER TABLE {_LIVE}."{name}" SET SCHEMA {_RETIRED}')
            connection.exec_driver_sql(f'ALTER TABLE {SCHEMA}."{name}" SET SCHEMA {_LIVE}')
        # In the same transaction: what is left of a shadow must never be gone on from.
        connection.exec_driver_sql(f"DROP SCHEMA {_RETIRED}, {SCHEMA} CASCADE")

    def remove(self) -> None:
        self.database.close()
        with self._live.transaction() as connection:
            connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def _compare(self, connection: sa.Connection) -> None:
        """Conflict if this release's tables are not those in use."""
        names = [table.name for table in self._tables]
        forms: dict[str, set[Any]] = {SCHEMA: set(), _LIVE: set()}
        for schema, *form in connection.execute(
            _COLUMNS, {"places": [SCHEMA, _LIVE], "names": names}
        ):
            forms[schema].add(tuple(form))
        if strange := forms[SCHEMA] ^ forms[_LIVE]:
            raise _other_form(min(strange)[0])


class SqliteShadow:
    """A file beside the service's own."""

    def __init__(self, live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> None:
        url = sa.make_url(uri)
        self._path = Path(f"{url.database}.rebuild")
        self._uri = url.set(database=str(self._path)).render_as_string(hide_password=False)
        self.database = Database(self._uri)
        self._live = live
        self._tables = tables
        self._release = release

    @contextmanager
    def alone(self) -> Iterator[None]:
        path = self._path.with_name(f"{self._path.name}.lock")
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Conflict("rebuild", "is under way already, in another process") from None
            yield
        path.unlink(missing_ok=True)

    def prepare(self, *, anew: bool) -> None:
        if anew:
            self._delete()
        with self.database.transaction() as connection:
            _create(connection, self._tables, self._release)
            ours = _columns(connection, self._tables)
        with self._live.transaction() as connection:
            theirs = _columns(connection, self._tables)
        if strange := [name for name in ours if ours[name] != theirs[name]]:
            raise _other_form(strange[0])

    def analyse(self) -> None:
        """Nothing: the rows are copied."""

    def hold(self, connection: sa.Connection, tables: Sequence[sa.Table], *, readers: bool) -> None:
        """Nothing: a transaction on SQLite has the file to itself."""

    def ahead(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        ours = self._versions(source)
        query = sa.select(POSITIONS).where(POSITIONS.c.source == source)
        return [
            StreamGap(row.stream_id, row.version, row.seen, ours.get(row.stream_id, 0))
            for row in connection.execute(query)
            if row.seen > ours.get(row.stream_id, 0)
        ]

    def unread(self, connection: sa.Connection, own: str, since: int) -> dict[str, int]:
        ours = self._versions(own)
        changed = sa.select(STREAMS).where(STREAMS.c.changed_at > since)
        return {
            row.stream_id: row.version
            for row in connection.execute(changed)
            if row.version > ours.get(row.stream_id, 0)
        }

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        with self.database.transaction() as shadow:
            for table in self._tables:
                connection.execute(sa.delete(table))
                _copy(shadow, connection, table)
            if POSITIONS in self._tables:
                _retire_letters(connection, sources, now)
                _copy(shadow, connection, DEAD_LETTERS)

    def remove(self) -> None:
        self._delete()

    def _versions(self, source: str) -> dict[str, int]:
        query = sa.select(POSITIONS).where(POSITIONS.c.source == source)
        with self.database.transaction() as shadow:
            return {row.stream_id: row.version for row in shadow.execute(query)}

    def _delete(self) -> None:
        self.database.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)


def _code(error: DBAPIError) -> str | None:
    return getattr(error.orig, "pgcode", None)


def _look_into_schema(connection: Any, _record: object) -> None:
    connection.autocommit = True  # a setting made in a transaction would go with it
    with connection.cursor() as cursor:
        cursor.execute(f"SET search_path TO {SCHEMA}")
    connection.autocommit = False


def _create(connection: sa.Connection, tables: Sequence[sa.Table], release: str) -> None:
    """Make the model's tables and those of the inbox, as far as they are missing."""
    for table in dict.fromkeys((_RELEASE, *tables, POSITIONS, RECONCILED, DEAD_LETTERS)):
        table.create(connection, checkfirst=True)
    begun_by = connection.execute(sa.select(_RELEASE.c.fingerprint)).scalar()
    if begun_by is None:
        connection.execute(sa.insert(_RELEASE), {"fingerprint": release})
    elif begun_by != release:
        raise Refused("rebuild", "was begun by another release; start it anew, without --resume")


def _columns(connection: sa.Connection, tables: Sequence[sa.Table]) -> dict[str, list[Any]]:
    """What SQLite knows of the columns of each table."""
    return {
        table.name: sorted(
            (c["name"], str(c["type"]), c["nullable"])
            for c in sa.inspect(connection).get_columns(table.name)
        )
        for table in tables
    }


def _other_form(table: str) -> Conflict:
    return Conflict(
        f"table {table}",
        "is not as this release makes it; run `cdp migrate`, and rebuild anew by this release",
    )


def _retire_letters(connection: sa.Connection, sources: Sequence[str], now: int) -> None:
    """All events of `sources` were tried again: what still fails has a new dead letter."""
    statement = (
        sa.update(DEAD_LETTERS)
        .where(DEAD_LETTERS.c.redriven_at.is_(None), DEAD_LETTERS.c.event_id.is_not(None))
        .where(DEAD_LETTERS.c.source.in_(list(sources)))
        .values(redriven_at=now)
    )
    connection.execute(statement)


def _copy(origin: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    rows = origin.execute(sa.select(table)).mappings()
    while page := rows.fetchmany(_PAGE):
        target.execute(sa.insert(table), [dict(row) for row in page])
