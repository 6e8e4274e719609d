"""Whether a service may write to its database: what it says before the first write fails."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
import sqlalchemy as sa

from chassis.database.engine import Database
from chassis.database.writable import write_problem
from deploy.services import upgrade
from tests.support.servers import Databases


@pytest.fixture
def uris(databases: Databases) -> tuple[str, str]:
    """A database of segments: the URI of its owner, and that of the service's own user."""
    return databases.create("segments", partial(upgrade, "segments"))


def problem(uri: str) -> str | None:
    database = Database(uri)
    try:
        with database.autocommit() as connection:
            return write_problem(connection)
    finally:
        database.close()


def execute(uri: str, statement: str) -> None:
    database = Database(uri)
    try:
        with database.transaction() as connection:
            connection.execute(sa.text(statement))
    finally:
        database.close()


def test_a_database_as_it_is_migrated_can_be_written(uris: tuple[str, str]) -> None:
    assert problem(uris[1]) is None


@pytest.mark.parametrize(
    ("privilege", "table"),
    [("INSERT", "events"), ("UPDATE", "positions"), ("DELETE", "outbox"), ("SELECT", "streams")],
)
def test_a_privilege_that_is_missing_is_named(
    uris: tuple[str, str], privilege: str, table: str
) -> None:
    owner, user = uris
    name = sa.make_url(user).username
    execute(owner, f'REVOKE {privilege} ON {table} FROM "{name}"')
    assert problem(user) == (f"does not let the service {privilege} on {table}; run cdp migrate")


def test_a_database_that_is_read_only_is_told(databases: Databases, uris: tuple[str, str]) -> None:
    owner, user = uris
    connection: Any = databases.administrator(owner)
    try:
        with connection.cursor() as cursor:
            name = sa.make_url(owner).database
            cursor.execute(f'ALTER DATABASE "{name}" SET default_transaction_read_only TO on')
    finally:
        connection.close()
    assert "is read-only" in str(problem(user))
