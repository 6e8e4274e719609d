"""The database's clock, on both databases."""

from __future__ import annotations

import time

import sqlalchemy as sa

from chassis.database.clock import database_now
from chassis.database.engine import Database


def test_the_databases_clock_counts_microseconds_since_the_epoch(database: Database) -> None:
    with database.autocommit() as connection:
        now = connection.scalar(sa.select(database_now()))
    assert isinstance(now, int)
    assert abs(now - time.time_ns() // 1_000) < 60_000_000, "the databases run on this machine"


def test_the_databases_clock_goes_on_within_a_transaction(database: Database) -> None:
    with database.transaction() as connection:
        first = connection.scalar(sa.select(database_now()))
        while connection.scalar(sa.select(database_now())) == first:
            time.sleep(0.001)
