"""Connections that are kept ready for single statements, on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork
from tests.support.servers import Databases
from tests.support.toy import note, work_on

pytestmark = pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
_WHO = sa.text("SELECT pg_backend_pid()")
_END_OTHERS = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def session(unit: UnitOfWork) -> int:
    return int(unit.connection.execute(_WHO).scalar_one())


def test_the_next_statement_takes_the_same_session_and_waits_for_no_pool(
    toy: Callable[[], Database],
) -> None:
    work = work_on(toy())
    first = work.read(session)
    taken: list[object] = []
    sa.event.listen(work.database.engine, "checkout", lambda *_args: taken.append(1))
    assert [work.read(session) for _ in range(3)] == [first] * 3
    assert taken == []


def test_several_at_once_have_a_session_each_and_one_is_kept(
    toy: Callable[[], Database],
) -> None:
    work = work_on(toy())

    def slowly(unit: UnitOfWork) -> int:
        eventlet.sleep(0.05)
        return session(unit)

    threads = [eventlet.spawn(work.read, slowly) for _ in range(8)]
    assert len({thread.wait() for thread in threads}) == 8
    pool: Any = work.database.engine.pool
    assert pool.checkedout() == 1


def test_a_transaction_is_none_of_single_statements(toy: Callable[[], Database]) -> None:
    work = work_on(toy())
    for _ in range(6):  # more than are kept
        threads = [eventlet.spawn(work.read, session) for _ in range(6)]
        for thread in threads:
            thread.wait()
    with pytest.raises(ZeroDivisionError):
        work.run(lambda unit: (unit.append([note("a")]), 1 / 0))
    assert work.read(lambda unit: unit.history({"a": 0}, 1)) == []


def test_a_session_that_was_left_in_an_error_is_not_taken_again(
    toy: Callable[[], Database],
) -> None:
    work = work_on(toy())

    def fail(unit: UnitOfWork) -> None:
        unit.connection.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(sa.exc.DBAPIError):
        work.read(fail)
    assert work.read(session) > 0


def test_sessions_that_the_server_ended_cost_one_attempt(
    toy: Callable[[], Database], databases: Databases
) -> None:
    database = toy()
    work = work_on(database)
    threads = [eventlet.spawn(work.read, session) for _ in range(4)]
    for thread in threads:
        thread.wait()
    administrator = databases.administrator(database.engine.url.render_as_string(False))
    with administrator.cursor() as cursor:
        cursor.execute(_END_OTHERS)
    administrator.close()
    attempts: list[int] = []

    def count(unit: UnitOfWork) -> int:
        attempts.append(1)
        return session(unit)

    assert work.read(count) > 0
    assert len(attempts) <= 3, "of the ready ones, and perhaps of the pool"
