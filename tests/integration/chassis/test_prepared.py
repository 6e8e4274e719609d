"""Prepared statements: what they give, what they raise, and what becomes of their connections."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError

from chassis.core.deadline import DeadlineExceeded, run_within
from chassis.database.engine import Database
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS, STREAMS
from chassis.eventlog.unit_of_work import UnitOfWork
from tests.support.servers import Databases
from tests.support.toy import note, work_on

_BY_ID = PreparedStatement(sa.select(EVENTS).where(EVENTS.c.id == sa.bindparam("id")))
_ADD = PreparedStatement(
    sa.text("INSERT INTO streams (stream_id, version, changed_at) VALUES ('s', 1, :at)")
)
_WHO = PreparedStatement(sa.select(sa.func.pg_backend_pid().label("pid")))
_SLEEP = PreparedStatement(sa.text("SELECT pg_sleep(60)"))
_NONSENSE = PreparedStatement(sa.text("SELECT 1 FROM nowhere"))


def test_rows_have_names_and_json_that_has_been_read(toy: Callable[[], Database]) -> None:
    work = work_on(toy())
    draft = note("s", 3)
    work.run(lambda unit: unit.append([draft]))
    for _ in range(2):
        (row,) = work.read(lambda unit: _BY_ID.execute(unit.connection, id=draft.id))
        assert (row.stream_id, row.data, row.metadata) == ("s", {"amount": 3}, {})
        assert row[:2] == ("s", 1)
    assert not work.read(lambda unit: _BY_ID.execute(unit.connection, id="another"))


def test_what_the_database_refuses_is_an_error_of_sqlalchemy(toy: Callable[[], Database]) -> None:
    database = toy()
    with database.transaction() as connection:
        assert list(_ADD.execute(connection, at=1)) == []
    with pytest.raises(IntegrityError), database.transaction() as connection:
        _ADD.execute(connection, at=2)
    with pytest.raises(DBAPIError) as refused, database.autocommit() as connection:
        _NONSENSE.execute(connection)
    assert not refused.value.connection_invalidated
    with database.autocommit() as connection:
        assert connection.execute(sa.select(STREAMS.c.changed_at)).scalars().all() == [1]


def test_a_statement_belongs_to_the_transaction_it_is_run_in(toy: Callable[[], Database]) -> None:
    database = toy()
    with database.engine.connect() as connection, connection.begin() as transaction:
        _ADD.execute(connection, at=1)
        transaction.rollback()
    with database.autocommit() as connection:
        assert connection.execute(sa.select(STREAMS)).all() == []


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_restart_of_the_database_costs_one_more_try(
    toy: Callable[[], Database], databases: Databases
) -> None:
    """Of the pool's connections all are lost, and there are more of them than tries."""
    database = toy()
    work = work_on(database)
    opened = [database.engine.connect() for _ in range(12)]
    for connection in opened:
        _WHO.execute(connection)
        connection.close()
    with _administering(databases, database) as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    tries: list[UnitOfWork] = []

    def count(unit: UnitOfWork) -> None:
        tries.append(unit)
        _WHO.execute(unit.connection)

    work.read(count)
    assert len(tries) == 2


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("way", ["autocommit", "transaction"])
def test_a_connection_whose_answer_nobody_waited_for_is_closed(
    toy: Callable[[], Database], way: str
) -> None:
    database = toy()
    begin = getattr(database, way)

    def backend() -> int:
        with begin() as connection:
            return int(_WHO.execute(connection)[0].pid)

    def sleep() -> None:
        with begin() as connection:
            _SLEEP.execute(connection)

    before = backend()
    with pytest.raises(DeadlineExceeded):
        run_within(0.2, sleep)
    assert backend() != before


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_connection_that_is_closed_is_told_as_lost(toy: Callable[[], Database]) -> None:
    database = toy()
    with database.engine.connect() as connection:
        session = connection.connection.dbapi_connection
        assert session is not None
        session.close()
        with pytest.raises(DBAPIError) as lost:
            _WHO.execute(connection)
    assert lost.value.connection_invalidated


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_statement_that_nobody_waits_for_ends_on_the_server(
    toy: Callable[[], Database], databases: Databases
) -> None:
    database = toy()

    def sleep() -> None:
        with database.autocommit() as connection:
            _SLEEP.execute(connection)

    with pytest.raises(DeadlineExceeded):
        run_within(0.2, sleep)
    with _administering(databases, database) as cursor:
        for _ in range(200):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
                " AND state = 'active' AND query LIKE 'EXECUTE%'"
            )
            if cursor.fetchone() == (0,):
                break
            time.sleep(0.05)
        else:
            pytest.fail("it goes on")


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
@pytest.mark.parametrize("forget", ["DISCARD ALL", "DEALLOCATE ALL"])
def test_what_a_pooler_has_forgotten_is_prepared_again(
    toy: Callable[[], Database], forget: str
) -> None:
    work = work_on(toy())
    for _ in range(3):
        assert work.read(lambda unit: _WHO.execute(unit.connection))
        with work.database.autocommit() as connection:
            connection.exec_driver_sql(forget)


@pytest.mark.parametrize("engine", ["postgresql"], indirect=True)
def test_a_column_that_has_another_type_since_is_read_all_the_same(
    toy: Callable[[], Database], databases: Databases
) -> None:
    database = toy()
    work = work_on(database)
    everything = PreparedStatement(sa.text("SELECT * FROM folds"))
    work.run(lambda unit: everything.execute(unit.connection))
    with _administering(databases, database) as cursor:
        try:
            cursor.execute("ALTER TABLE folds ALTER COLUMN version TYPE bigint")
            assert work.run(lambda unit: everything.execute(unit.connection)) == []
        finally:
            cursor.execute("ALTER TABLE folds ALTER COLUMN version TYPE integer")


def test_a_value_that_postgresql_would_take_for_text_is_refused(
    toy: Callable[[], Database],
) -> None:
    database = toy()
    choice = PreparedStatement(sa.select(sa.case((sa.true(), 1), else_=0)))
    with database.autocommit() as connection:
        if database.dialect == "postgresql":
            with pytest.raises(TypeError, match="must be a literal"):
                choice.execute(connection)
        else:
            assert choice.execute(connection) == [(1,)]


@contextmanager
def _administering(databases: Databases, database: Database) -> Iterator[Any]:
    uri = database.engine.url.render_as_string(hide_password=False)
    administrator = databases.administrator(uri)
    with administrator.cursor() as cursor:
        yield cursor
    administrator.close()
