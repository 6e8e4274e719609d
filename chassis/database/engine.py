"""A service's database: PostgreSQL, or one SQLite file, behind the same transactions."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from chassis.core.errors import Unavailable
from chassis.core.json import dump_json, load_json
from chassis.database.prepared import OPTIONS_BY_KEY

# Waits for other transactions that were given up: for a lock, in a circle of locks, or by the rules
# of serializable transactions.
_LOST_TURN = {"55P03", "40P01", "40001"}
# The server ended the session: a process was frozen in a transaction, or an administrator did it.
_ENDED = {"25P03", "57P01"}
_UNIQUE = "23505"
# The database's own trouble, whatever the query: no connection, no memory, disk or time left,
# shut down, a standby; and what an operator has to fix: no such user or database, no privilege.
_TROUBLE = ("08", "25006", "28", "3D", "42501", "53", "57", "58")
# The statement and the tables do not fit each other, whatever the values in it: a table, column or
# function is missing or is another one, until the migration or the release that fits is there.
_MISFIT = ("42", "3F")
_SQLITE_MISFIT = re.compile(
    r"no such (table|column|function|module)|has no column named|syntax error"
    r"|has \d+ columns but|ON CONFLICT clause does not match|ambiguous column name"
)
# The trouble of SQLite: busy, locked, out of memory, read only, I/O error, full, cannot be opened.
_SQLITE_TROUBLE = {5, 6, 7, 8, 10, 13, 14}
# A statement ends when its client is gone (a decision past its deadline must not occupy a
# connection), or when its client has not read what it asked for: a frozen process keeps its locks
# no longer if it froze while a response was on its way.
_CLIENT_GONE = {"client_connection_check_interval": 100, "tcp_user_timeout": 2_000}
# A connection that waits for a result is given up after 25 s without a sign of its host.
_ALIVE = {
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}

_MOST_READY = 1
_POOL_SECONDS = 3.0  # a caller waits no longer for a connection of the pool

_FILE_LOCKS: dict[str, threading.Lock] = {}


@dataclass(frozen=True, slots=True)
class SessionLimits:
    """When PostgreSQL ends what a session does, in milliseconds; 0 is never.

    `idle` is for a transaction whose process does nothing, and holds its locks: the session ends.
    `lock` is for a wait for one lock, and `statement` for one statement.
    """

    idle: int
    lock: int
    statement: int

    def options(self) -> dict[str, int]:
        """The settings of PostgreSQL."""
        return {
            "idle_in_transaction_session_timeout": self.idle,
            "lock_timeout": self.lock,
            "statement_timeout": self.statement,
        }


# Whoever is frozen in a transaction, or waits for a lock, holds the others for less than 5 s.
SERVICE_LIMITS = SessionLimits(idle=3_000, lock=2_000, statement=30_000)
# A rebuild that exchanges tables waits for the last events while it has them locked.
EXCHANGE_LIMITS = SessionLimits(idle=4_500, lock=2_000, statement=60_000)
# While DDL waits for a table, everybody who wants the table waits behind it.
MIGRATION_LIMITS = SessionLimits(idle=3_000, lock=1_000, statement=0)
# Tables that nobody else uses: nobody waits for them.
UNSHARED_LIMITS = SessionLimits(idle=60_000, lock=0, statement=0)


class Database:
    """Transactions on one database.

    On SQLite every transaction holds the process's lock of the file: sqlite3 blocks the whole
    process while it waits for another connection, and greenlets would wait for one another for
    ever. On PostgreSQL plans are made for queries by key; what compares whole tables passes
    `by_key=False`. `limits` are those of its sessions.
    """

    def __init__(
        self,
        uri: str,
        pool_size: int = 10,
        *,
        by_key: bool = True,
        limits: SessionLimits = SERVICE_LIMITS,
    ) -> None:
        self.engine = _engine(uri, pool_size, by_key, limits)
        self.dialect = self.engine.dialect.name
        self._lock = _file_lock(self.engine.url) if self.dialect == "sqlite" else nullcontext()
        self._ready: list[sa.Connection] = []  # for `autocommit`; the last used is the next

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """A connection in a transaction, committed at the end and rolled back on an error."""
        with self._lock, self.engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[sa.Connection]:
        """A connection whose statements are, on PostgreSQL, each a transaction of its own.

        Statements that only read see no less than in one transaction, as each sees what is
        committed when it begins; and BEGIN and COMMIT are saved. One of these connections is
        kept ready between two uses: to take one from the pool costs as much as a small query.
        """
        if self.dialect == "sqlite":
            with self.transaction() as connection:
                yield connection
            return
        connection = self._ready.pop() if self._ready else self._connect()
        is_sound = False
        try:
            yield connection
            is_sound = True
        except DBAPIError as error:
            if error.connection_invalidated:
                self._drop_all()
            raise
        finally:
            if is_sound and len(self._ready) < _MOST_READY:
                if connection.in_transaction():  # as SQLAlchemy sees it; for the driver it is none
                    connection.rollback()
                self._ready.append(connection)
            else:
                _return(connection)

    def close(self) -> None:
        """Close every pooled connection, on SQLite once the transaction under way has ended."""
        with self._lock:
            while self._ready:
                _return(self._ready.pop())
            self.engine.dispose()

    def _drop_all(self) -> None:
        """Take no connection of now again: where one was lost, the others probably are as well."""
        while self._ready:
            self._ready.pop().invalidate()
        self.engine.dispose(close=False)

    def _connect(self) -> sa.Connection:
        connection = self.engine.connect()
        # psycopg2 only notes it; SQLAlchemy's own option costs a query each time.
        driver: Any = connection.connection.dbapi_connection
        driver.autocommit = True
        return connection


def _return(connection: sa.Connection) -> None:
    """Give a connection of `autocommit` back to the pool, for transactions too."""
    if not connection.invalidated:
        driver: Any = connection.connection.dbapi_connection
        if not driver.closed:
            driver.autocommit = False
    connection.close()


def upsert(connection: sa.Connection, table: sa.Table) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that takes ON CONFLICT, which is the same on both databases."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def driver_uri(uri: str) -> sa.URL:
    """`uri` with the driver that yields to other greenlets while a query runs."""
    url = sa.make_url(uri)
    return url.set(drivername="postgresql+psycopg2") if url.drivername == "postgresql" else url


def session_options(limits: SessionLimits) -> str:
    """The `options` of a connection to PostgreSQL whose sessions have these limits."""
    options = {**limits.options(), **_CLIENT_GONE}
    return " ".join(f"-c {name}={value}" for name, value in options.items())


def is_contention(error: DBAPIError) -> bool:
    """Whether the transaction lost against another one, or its connection broke."""
    return (
        is_session_lost(error)
        or _state(error) in _LOST_TURN
        or "database is locked" in str(error.orig)
    )


def is_session_lost(error: DBAPIError) -> bool:
    """Whether the session ended: the transaction is rolled back, or was committed by then."""
    return error.connection_invalidated or _state(error) in _ENDED


def is_transient(error: DBAPIError) -> bool:
    """Whether the same transaction may succeed when it is tried again."""
    unique = _state(error) == _UNIQUE or "UNIQUE constraint failed" in str(error.orig)
    return unique or is_contention(error)


def is_unreachable(error: DBAPIError) -> bool:
    """Whether the database itself did not answer, or could not serve anybody."""
    state = _state(error)
    if state:
        return error.connection_invalidated or state.startswith(_TROUBLE)
    if (code := getattr(error.orig, "sqlite_errorcode", None)) is not None:
        return code & 0xFF in _SQLITE_TROUBLE
    lost = type(error.orig).__name__ in {"OperationalError", "InterfaceError"}
    return error.connection_invalidated or lost


def is_misfit(error: BaseException | None) -> bool:
    """Whether this release and this database do not fit: nobody's values are to blame."""
    if not isinstance(error, DBAPIError) or is_unreachable(error):
        return False
    if state := _state(error):
        return state.startswith(_MISFIT)
    return _SQLITE_MISFIT.search(str(error.orig)) is not None


def _state(error: DBAPIError) -> str | None:
    return getattr(error.orig, "sqlstate", None) or getattr(error.orig, "pgcode", None)


def unreachable(error: DBAPIError) -> Unavailable:
    """The error for a caller when the database did not answer."""
    _, fatal, words = str(error.orig).partition("FATAL:")
    if fatal:  # the server's own words: it is there, and lets nobody in
        reason = words.strip().splitlines()[0]
        return Unavailable("database", f"refuses the connection ({reason}); try again")
    return Unavailable("database", f"did not answer ({type(error.orig).__name__}); try again")


def failure_code(error: BaseException) -> str | None:
    """The SQLSTATE of a database's error; None for other errors, and on SQLite."""
    return _state(error) if isinstance(error, DBAPIError) else None


def misfit(error: DBAPIError) -> Unavailable:
    """The error for a caller while this release and the database do not fit."""
    kind = _state(error) or type(error.orig).__name__
    return Unavailable("database", f"does not fit this release ({kind}); see `cdp migrate`")


def _file_lock(url: sa.URL) -> threading.Lock:
    """The lock of a SQLite file, the same for every Database on it."""
    return _FILE_LOCKS.setdefault(str(Path(url.database or "").resolve()), threading.Lock())


def _engine(uri: str, pool_size: int, by_key: bool, limits: SessionLimits) -> sa.Engine:
    options: dict[str, Any] = {
        "json_serializer": dump_json,
        "json_deserializer": load_json,
        "hide_parameters": True,  # an error's text is logged; a parameter may be personal
        "pool_size": pool_size,
        "pool_timeout": _POOL_SECONDS,
        "max_overflow": 5,
        # A lost connection that is given back is the next to be taken, and is made anew then. So
        # after a restart of the database, when all are lost, a unit of work loses one attempt.
        "pool_use_lifo": True,
    }
    if uri.startswith("sqlite"):
        engine = sa.create_engine(
            uri, connect_args={"check_same_thread": False, "timeout": 30}, **options
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    session = session_options(limits)
    if by_key:
        session = f"{session} {OPTIONS_BY_KEY}"
    return sa.create_engine(
        driver_uri(uri), connect_args={**_ALIVE, "options": session}, pool_recycle=1800, **options
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # SQLAlchemy begins transactions itself, see below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # Without it INSERT OR REPLACE deletes a row and no trigger sees it.
    connection.execute("PRAGMA recursive_triggers=ON")


def _begin_immediate(connection: sa.Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
