from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chassis import FixedClock
from chassis.database.engine import Database
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from profile_index import tables


@pytest.fixture(scope="session")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A database with the tables of the profile index."""
    path: Path = tmp_path_factory.mktemp("index") / "index.db"
    database = Database(f"sqlite:///{path}")
    with database.transaction() as connection:
        tables.METADATA.create_all(connection)
    yield database
    database.close()


@pytest.fixture
def unit(database: Database) -> Iterator[UnitOfWork]:
    """A unit of work over an empty profile index, whose transaction is rolled back."""
    with unit_of_work(database) as unit:
        yield unit


@contextmanager
def unit_of_work(database: Database) -> Iterator[UnitOfWork]:
    """A unit of work whose transaction is rolled back."""
    work = UnitOfWorkRunner(database, "profiles", FixedClock(0))
    with database.transaction() as connection, connection.begin_nested() as savepoint:
        yield UnitOfWork(connection, work, attempt=1)
        savepoint.rollback()
