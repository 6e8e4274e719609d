"""The statements of the hot path find their rows by an index, on both databases."""

from __future__ import annotations

import json
import pkgutil
import sqlite3
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import visitors

from chassis import HOUR, FixedClock
from chassis.database.bulk import among
from chassis.database.engine import Database
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from services.offers import store
from services.offers.domain.caps import OFFER, Cap

_SHARED = ("chassis.eventlog", "chassis.projections", "profile_index")
_READ_WHOLE = {"unreadable_segments"}  # it has no key, and nearly always no row
_SHOPPERS = 2_000


def prepared_statements(service: str) -> Iterator[tuple[str, sa.SelectBase]]:
    """The prepared SELECT statements over keys of a service, and of what it shares with others."""
    for package in (f"services.{service}", *_SHARED):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not {"service", "migrations"} & set(module.name.split(".")):
                for name, value in vars(import_module(module.name)).items():
                    statement = getattr(value, "_statement", None)
                    if isinstance(value, PreparedStatement) and isinstance(
                        statement, sa.SelectBase
                    ):
                        yield f"{module.name}.{name}", statement


@pytest.mark.parametrize("service", sorted(SERVICE_NAMES))
def test_no_prepared_statement_over_keys_reads_a_whole_table(service: str, tmp_path: Path) -> None:
    upgrade(service, f"sqlite:///{tmp_path / 'service.db'}")
    connection = sqlite3.connect(tmp_path / "service.db")
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}
    found = {}
    for name, statement in prepared_statements(service):
        text = str(statement.compile(dialect=sqlite.dialect()))
        own = {each.name for each in visitors.iterate(statement) if isinstance(each, sa.Table)}
        own -= _READ_WHOLE
        if "json_each" in text and own <= tables:
            values = [json.dumps(["a"])] * text.count("?")
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
            steps = [row[3] for row in plan]
            found[name] = [step for step in steps if step.split()[:2] in [["SCAN", t] for t in own]]
    connection.close()
    assert found
    assert {name: scans for name, scans in found.items() if scans} == {}


FOR_EACH = "FROM generate_series(1, :shoppers) AS n"
GRANTS = """
    INSERT INTO grants (grant_id, cap_id, stream_id, state, decided_at, expires_at)
    SELECT {state} || n, 'coupon', 's-' || n, {state}, {at}, 0
"""
SHOPPERS = (
    "INSERT INTO labels SELECT 's-' || n, 's-' || n, 1",
    "INSERT INTO identifiers SELECT 'device_id:' || n, 's-' || n, 1, 1, 'device'",
    "INSERT INTO exposures SELECT 'e', 'device_id:' || n, 'a', 'device_id', n",
    "INSERT INTO responses SELECT 'o-' || n, 'device_id:' || n, 'clicked', n",
    "INSERT INTO carried SELECT 'email:' || n, 's-' || n",
    GRANTS.format(state="'confirmed'", at="n - 1000000000000"),
    GRANTS.format(state="'expired'", at="-n"),
    "INSERT INTO unjoined_outcomes SELECT 'o-' || n, 'd-' || n, '{}', n - 1000000000000",
)
FEW = """
    INSERT INTO exposures SELECT 'small', 'device_id:' || n, 'a', 'device_id', n
    FROM generate_series(1, 4) AS n
"""
ROWS_READ = "SELECT sum(seq_tup_read + idx_tup_fetch) FROM pg_stat_xact_user_tables"


@pytest.mark.parametrize("engine", ["postgresql"])
@pytest.mark.parametrize(
    "read",
    [
        lambda unit: store.load_exposures(unit, ["device_id:5"], ["s-5"]),
        lambda unit: store.load_conflicts(unit, keys=["device_id:5"]),
        lambda unit: store.load_conflicts(unit, ["s-5"]),
        lambda unit: store.keys_of_carriers(unit, ["s-5"], ["email:7"]),
        lambda unit: store.count_usage(unit, [("coupon", Cap(OFFER, 5, HOUR))], (), ()),
        lambda unit: list(store.load_exposed_responses(unit, "small", HOUR, HOUR)),
        lambda unit: store.take_joinable_outcomes(unit, 500, unit.now - HOUR),
    ],
    ids=[
        "exposures", "conflicts-of-keys", "conflicts-of-profiles", "carriers", "grants-to-all",
        "responses", "new-outcomes",
    ],
)  # fmt: skip
def test_what_is_asked_of_one_shopper_or_of_the_last_hour_reads_no_other_rows(
    service_database: Callable[[str], Database], read: Callable[[UnitOfWork], Any]
) -> None:
    database = service_database("offers")
    with database.transaction() as connection:
        for statement in SHOPPERS:
            connection.execute(sa.text(f"{statement} {FOR_EACH}"), {"shoppers": _SHOPPERS})
        connection.execute(sa.text(FEW))

    def rows_read(unit: UnitOfWork) -> int:
        read(unit)
        return int(unit.connection.execute(sa.text(ROWS_READ)).scalar_one())

    assert UnitOfWorkRunner(database, "offers", FixedClock(0)).run(rows_read) < _SHOPPERS / 10


def test_a_list_of_keys_is_no_boolean_that_is_compared_with_one() -> None:
    key = sa.column("key", sa.Text)
    query = sa.select(key).where(among(key, "keys"), sa.or_(among(key, "others"), key == "a"))
    assert "= 1" not in str(query.compile(dialect=sqlite.dialect()))
