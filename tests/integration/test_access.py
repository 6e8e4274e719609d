"""Every database user and every broker user reaches its own service's things and no others."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from chassis.database import Database


def test_a_service_may_create_no_table_in_its_own_database(databases):
    _, uri = databases.create("identity")
    database = Database(uri)
    with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
        with database.transaction() as connection:
            connection.exec_driver_sql("CREATE TABLE mine (x int)")
    database.close()
    databases.drop(uri)


def test_a_fresh_database_takes_tables(database):
    with database.transaction() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (x int)")
