from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
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
def connection(database: Database) -> Iterator[sa.Connection]:
    """A connection to an empty profile index, in a transaction that is rolled back."""
    with database.transaction() as connection, connection.begin_nested() as savepoint:
        yield connection
        savepoint.rollback()
