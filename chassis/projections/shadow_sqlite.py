"""The shadow on SQLite: a file beside the service's own, from which the rows are copied."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from chassis.core.errors import Conflict
from chassis.database.engine import Database
from chassis.database.tables import DEAD_LETTERS, POSITIONS, STREAMS
from chassis.eventlog.log import HeadCursor
from chassis.projections.read_model import LockMode
from chassis.projections.shadow_base import (
    StreamGap,
    create_tables,
    different_form,
    retire_dead_letters,
)

_ROWS_A_PAGE = 1_000


class SqliteShadow:
    """A file `….rebuild`, and beside it while a rebuild runs the lock file `….rebuild.lock`."""

    def __init__(self, live: Database, uri: str, tables: Sequence[sa.Table], release: str) -> None:
        url = sa.make_url(uri)
        self._path = Path(f"{url.database}.rebuild")
        self.database = Database(url.set(database=str(self._path)).render_as_string())
        self._live = live
        self._tables = tables
        self._release = release

    @contextmanager
    def exclusive(self) -> Iterator[None]:
        path = self._path.with_name(f"{self._path.name}.lock")
        with path.open("w") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Conflict("rebuild", "is under way already, in another process") from None
            yield
        path.unlink(missing_ok=True)

    def prepare(self) -> None:
        with self.database.transaction() as shadow:
            create_tables(shadow, self._tables, self._release)
            columns = _columns(shadow, self._tables)
        with self._live.transaction() as connection:
            live_columns = _columns(connection, self._tables)
        if differences := [name for name in columns if columns[name] != live_columns[name]]:
            raise different_form(differences[0])

    def analyse(self) -> None:
        """Nothing: the rows are copied into the tables in use."""

    def lock(self, connection: sa.Connection, tables: Sequence[sa.Table], mode: LockMode) -> None:
        """Nothing: a transaction on SQLite has the file to itself."""

    def gaps(self, connection: sa.Connection, source: str) -> list[StreamGap]:
        versions = self._versions(source)
        query = sa.select(POSITIONS).where(POSITIONS.c.source == source)
        return [
            StreamGap(
                row.stream_id,
                row.version,
                row.seen,
                versions.get(row.stream_id, 0),
                row.restored_to,
            )
            for row in connection.execute(query)
            if row.seen > versions.get(row.stream_id, 0)
        ]

    def unapplied(
        self, connection: sa.Connection, service: str, since: HeadCursor
    ) -> dict[str, int]:
        versions = self._versions(service)
        place = sa.tuple_(STREAMS.c.incarnation, STREAMS.c.changed_in, STREAMS.c.stream_id)
        query = sa.select(STREAMS).where(place >= sa.tuple_(*map(sa.literal, since)))
        return {
            row.stream_id: row.version
            for row in connection.execute(query)
            if row.version > versions.get(row.stream_id, 0)
        }

    def exchange(self, connection: sa.Connection, sources: Sequence[str], now: int) -> None:
        with self.database.transaction() as shadow:
            for table in self._tables:
                connection.execute(sa.delete(table))
                _copy(shadow, connection, table)
            if POSITIONS in self._tables:
                retire_dead_letters(connection, sources, now)
                _copy(shadow, connection, DEAD_LETTERS)

    def remove(self) -> None:
        self.database.close()
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self._path}{suffix}").unlink(missing_ok=True)

    def _versions(self, source: str) -> dict[str, int]:
        query = sa.select(POSITIONS).where(POSITIONS.c.source == source)
        with self.database.transaction() as shadow:
            return {row.stream_id: row.version for row in shadow.execute(query)}


def _columns(connection: sa.Connection, tables: Sequence[sa.Table]) -> dict[str, list[Any]]:
    """Name, type and nullability of each table's columns."""
    return {
        table.name: sorted(
            (column["name"], str(column["type"]), column["nullable"])
            for column in sa.inspect(connection).get_columns(table.name)
        )
        for table in tables
    }


def _copy(origin: sa.Connection, target: sa.Connection, table: sa.Table) -> None:
    rows = origin.execute(sa.select(table)).mappings()
    while page := rows.fetchmany(_ROWS_A_PAGE):
        target.execute(sa.insert(table), [dict(row) for row in page])
