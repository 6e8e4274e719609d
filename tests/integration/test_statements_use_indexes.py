"""The statements of the hot path find their rows by an index, on SQLite too."""

from __future__ import annotations

import json
import pkgutil
import sqlite3
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.sql import visitors

from chassis.database.bulk import among
from chassis.database.prepared import PreparedStatement
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade

_SHARED = ("chassis.eventlog", "chassis.projections", "profile_index")


def prepared_statements(service: str) -> Iterator[tuple[str, sa.Select[Any]]]:
    """The prepared SELECT statements over keys of a service, and of what it shares with others."""
    for package in (f"services.{service}", *_SHARED):
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if not {"service", "migrations"} & set(module.name.split(".")):
                for name, value in vars(import_module(module.name)).items():
                    statement = getattr(value, "_statement", None)
                    if isinstance(value, PreparedStatement) and isinstance(statement, sa.Select):
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
        if "json_each" in text and own <= tables:
            values = [json.dumps(["a"])] * text.count("?")
            plan = connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
            steps = [row[3] for row in plan]
            found[name] = [step for step in steps if step.split()[:2] in [["SCAN", t] for t in own]]
    connection.close()
    assert found
    assert {name: scans for name, scans in found.items() if scans} == {}


def test_a_list_of_keys_is_no_boolean_that_is_compared_with_one() -> None:
    key = sa.column("key", sa.Text)
    query = sa.select(key).where(among(key, "keys"), sa.or_(among(key, "others"), key == "a"))
    assert "= 1" not in str(query.compile(dialect=sqlite.dialect()))
