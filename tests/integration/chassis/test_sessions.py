"""Sessions on PostgreSQL: a process that froze, and lost connections, hold nobody for long."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import eventlet
import pytest
import sqlalchemy as sa

from chassis import Unavailable
from chassis.core.retry import retry
from chassis.database.engine import Database
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from tests.support.servers import Databases
from tests.support.toy import append, note, whole_log, work_on

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)

_ONE = PreparedStatement(sa.text("SELECT 1 AS one"))
_SESSIONS = """
    SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""

# Its first unit appends to a stream, and freezes with that stream locked.
FROZEN = """
import chassis.runtime.green
import os, signal, sys
import eventlet
from chassis.database.engine import Database
from tests.support.toy import note, work_on

attempts = []
frozen = []

def freeze():
    print("frozen", flush=True)
    os.kill(os.getpid(), signal.SIGSTOP)

def idle(unit):
    freeze()

def unread(unit):
    eventlet.spawn_after(0.3, freeze)
    unit.connection.exec_driver_sql("SELECT pg_sleep(0.4), repeat('x', 20000000)")

def change(unit):
    attempts.append(unit)
    unit.append([note("s")])
    if not frozen:
        frozen.append(len(attempts))
        {state}(unit)

work_on(Database(sys.argv[1])).run(change)
print("attempts after it froze", len(attempts) - frozen[0], flush=True)
"""


@contextmanager
def frozen_process(uri: str, state: str) -> Iterator[subprocess.Popen[str]]:
    """A process that is frozen while its transaction has the lock of stream `s`."""
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", FROZEN.format(state=state), uri],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "frozen\n"
        yield process
    finally:
        process.kill()
        process.wait()


def versions(work: UnitOfWorkRunner) -> dict[str, int]:
    return {stream: len(events) for stream, events in whole_log(work).items()}


@pytest.mark.parametrize("state", ["idle", "unread"])
def test_a_process_that_froze_in_a_transaction_holds_nobody_and_runs_its_unit_again(
    toy_uri: Callable[[], str], state: str
) -> None:
    """It does nothing, or does not read what the database sends it."""
    uri = toy_uri()
    with closing(Database(uri)) as database, frozen_process(uri, state) as frozen:
        work = work_on(database)
        retry(  # a machine that is busy with other tests may need more than one wait
            lambda: append(work, note("s")),
            lambda error: isinstance(error, Unavailable),
            first_pause=0.1,
            longest_pause=0.1,
            patience=30,
        )
        assert versions(work) == {"s": 1}
        os.kill(frozen.pid, signal.SIGCONT)
        output, _ = frozen.communicate(timeout=30)
        assert output == "attempts after it froze 1\n"
        assert versions(work) == {"s": 2}


def test_a_wait_for_a_lock_that_stays_taken_ends_as_unavailable(
    toy: Callable[[], Database],
) -> None:
    database = toy()
    work = work_on(database)
    append(work, note("s"))
    attempts: list[UnitOfWork] = []

    def change(unit: UnitOfWork) -> None:
        attempts.append(unit)
        unit.append([note("s")])

    with database.engine.connect() as holding:
        holding.execute(sa.select(STREAMS).with_for_update())
        keeping = eventlet.spawn(_keep_busy, holding)
        with pytest.raises(Unavailable, match="LockNotAvailable"):
            work.run(change)
        keeping.kill()
    assert len(attempts) == 2
    work.run(change)
    assert versions(work) == {"s": 2}


def _keep_busy(connection: sa.Connection) -> None:
    while True:
        connection.exec_driver_sql("SELECT 1")
        eventlet.sleep(0.2)


def end_sessions(databases: Databases, database: Database) -> int:
    uri = database.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    with closing(databases.administrator(uri)) as connection, connection.cursor() as cursor:
        cursor.execute(_SESSIONS)
        return int(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "read",
    [
        pytest.param(lambda unit: _ONE.execute(unit.connection)[0].one, id="prepared"),
        pytest.param(
            lambda unit: unit.connection.execute(sa.text("SELECT 1")).scalar(), id="plain"
        ),
    ],
)
def test_connections_that_a_restart_of_the_database_lost_cost_one_attempt(
    toy: Callable[[], Database], databases: Databases, read: Callable[[UnitOfWork], int]
) -> None:
    database = toy()
    work = work_on(database)
    callers = eventlet.GreenPool(15)
    list(callers.imap(lambda _: work.read(_slowly), range(15)))
    assert end_sessions(databases, database) >= 10

    def attempts(_caller: int) -> int:
        count = 0

        def attempt(unit: UnitOfWork) -> int:
            nonlocal count
            count += 1
            return read(unit)

        assert work.read(attempt) == 1
        return count

    assert attempts(0) == 2
    assert max(callers.imap(attempts, range(15))) <= 2


def _slowly(unit: UnitOfWork) -> None:
    unit.connection.exec_driver_sql("SELECT pg_sleep(0.3)")
