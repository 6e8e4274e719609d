"""Incarnations of a log: a restore from a backup begins a new one.

After a restore a log gives versions again that it has given before, to other events. So that nobody
takes the new ones for the old, heads and events say which incarnation of the log they are of. Each
incarnation keeps a fingerprint of where the log lay. A process compares it on every new connection,
and every few seconds, before it reads or appends; where it differs, one process begins the next.

What leaves no trace in the fingerprint (a copy of a data directory, of a file of SQLite, or of rows
alone) an operator has to say: `cdp check consistency --restored SERVICE`.
"""

from __future__ import annotations

import time
from pathlib import Path

import sqlalchemy as sa
import structlog

from chassis.core.errors import Unavailable
from chassis.database.clock import database_now
from chassis.database.tables import LOG_INCARNATIONS

FIRST = 1
_SECONDS = 5.0  # between two comparisons
_ADVISORY = 0x6364_7069  # "cdpi": one process at a time begins an incarnation
_FILE = "file"
_PARTS = 4  # of a fingerprint on PostgreSQL: cluster, timeline, database, table
_CHECKED = "log_incarnation_checked"  # in the notes of a pooled connection
# Numbers grow by the second, so that a backup restored twice does not give the same one twice.
_EPOCH = 1_767_225_600_000_000  # 2026-01-01T00:00:00Z

_MAY_READ = sa.text(
    """
    SELECT has_function_privilege('pg_control_system()', 'execute')
       AND has_function_privilege('pg_current_wal_lsn()', 'execute')
       AND has_function_privilege('pg_walfile_name(pg_lsn)', 'execute')
    """
)
# The name of a WAL file begins with the timeline, which a restore to a point in time moves on.
_CLUSTER = sa.text(
    """
    SELECT CAST(system_identifier AS text) || '/' || left(pg_walfile_name(pg_current_wal_lsn()), 8)
    FROM pg_control_system()
    """
)
_TABLE = sa.text(
    """
    SELECT CAST(oid AS text) || '/' || CAST(CAST(to_regclass('events') AS oid) AS text)
    FROM pg_database WHERE datname = current_database()
    """
)
_NEWEST = (
    sa.select(LOG_INCARNATIONS.c.incarnation, LOG_INCARNATIONS.c.fingerprint)
    .order_by(LOG_INCARNATIONS.c.incarnation.desc())
    .limit(1)
)

_log = structlog.get_logger("eventlog")


class LogRestored(Exception):
    """The log lies elsewhere than its incarnation began: begin the next one, and start again."""


class Incarnation:
    """The incarnation of one log, as a process knows it.

    A log whose incarnations are `confirmed_by_operator` begins one by itself after a failover only,
    which moves the timeline on and nothing else: others keep facts of it that it takes back first.
    """

    def __init__(self) -> None:
        self.number = FIRST
        self.confirmed_by_operator = False
        self._kept = False
        self._checked_at = -float("inf")

    def check(self, connection: sa.Connection) -> None:
        """Compare fingerprints if that is due; LogRestored if they differ."""
        fresh = time.monotonic() - self._checked_at < _SECONDS
        if self._kept or (fresh and connection.info.get(_CHECKED)):
            return
        number, fingerprint = newest(connection)
        if fingerprint != fingerprint_of(connection):
            raise LogRestored
        self.number = number
        self._checked_at = time.monotonic()
        connection.info[_CHECKED] = True

    def waits_for_operator(self, connection: sa.Connection) -> bool:
        """Whether the log lies elsewhere than before, and only an operator may say what that is."""
        if self._kept or not self.confirmed_by_operator:
            return False
        before, here = newest(connection)[1], fingerprint_of(connection)
        return bool(before) and before != here and not _is_failover(before, here)

    def keep(self) -> None:
        """Stay in the present incarnation: an operator repairs the log before the next begins."""
        self._kept = True

    def begin(self, connection: sa.Connection, service: str) -> None:
        """Begin the next incarnation, unless another process has done so meanwhile."""
        here = fingerprint_of(connection)
        if newest(connection)[1] == here:
            return
        with_lock(connection)
        number, fingerprint = newest(connection)
        if fingerprint == here:
            return
        if not fingerprint:  # the log is younger than this release, or new
            adopt(connection, number, here)
            return
        if self.confirmed_by_operator and not _is_failover(fingerprint, here):
            raise Unavailable(
                f"log of {service}",
                "lies elsewhere than before, as after a restore from a backup; run"
                f" `cdp check consistency --restored {service}`",
            )
        _log.warning("log_restored", service=service, incarnation=begin(connection, number, here))


def newest(connection: sa.Connection) -> tuple[int, str]:
    """The present incarnation of the log in this database, and its fingerprint."""
    row = connection.execute(_NEWEST).one_or_none()
    return (row.incarnation, row.fingerprint) if row else (FIRST, "")


def declare_restored(connection: sa.Connection) -> int:
    """Begin the next incarnation because an operator says so; its number."""
    with_lock(connection)
    number, _ = newest(connection)
    return begin(connection, number, fingerprint_of(connection))


def fingerprint_of(connection: sa.Connection) -> str:
    """The fingerprint of where the log lies now."""
    if connection.dialect.name == "sqlite":
        return f"{_FILE}/{Path(connection.engine.url.database or '').stat().st_ino}"
    table = connection.execute(_TABLE).scalar_one()
    if not connection.execute(_MAY_READ).scalar_one():
        return f"database/{table}"
    return f"{connection.execute(_CLUSTER).scalar_one()}/{table}"


def _is_failover(before: str, now: str) -> bool:
    """Whether only the timeline has moved on: another server of the same data took over."""
    if now.startswith(_FILE):  # a suite in files is copied as a whole
        return True
    old, new = before.split("/"), now.split("/")
    return len(old) == len(new) == _PARTS and (old[0], old[2:]) == (new[0], new[2:])


def with_lock(connection: sa.Connection) -> None:
    """Let one process at a time go on, until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_ADVISORY)))


def adopt(connection: sa.Connection, number: int, fingerprint: str) -> None:
    """Note where an incarnation lies that has no fingerprint yet."""
    key = LOG_INCARNATIONS.c.incarnation == number
    statement = sa.update(LOG_INCARNATIONS).where(key).values(fingerprint=fingerprint)
    if not connection.execute(statement).rowcount:
        _insert(connection, number, fingerprint)


def begin(connection: sa.Connection, last: int, fingerprint: str) -> int:
    """Begin the incarnation after `last`, with the versions that the log has now; its number.

    It costs one row, however many streams there are: each append notes for its stream at which
    version the incarnation began, and in which one it has changed.
    """
    now: int = connection.execute(sa.select(database_now())).scalar_one()
    number = max(last + 1, (now - _EPOCH) // 1_000_000)
    _insert(connection, number, fingerprint)
    return number


def _insert(connection: sa.Connection, number: int, fingerprint: str) -> None:
    row = {"incarnation": number, "fingerprint": fingerprint, "began_at": database_now()}
    connection.execute(sa.insert(LOG_INCARNATIONS).values(row))
