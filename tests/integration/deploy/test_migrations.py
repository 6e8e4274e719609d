"""Migrations: the newest revision of each service makes what its tables say, on both databases."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from chassis.database.engine import driver_uri
from chassis.database.personal import KEY
from contracts.topology import SERVICE_NAMES
from deploy.services import upgrade
from tests.support.servers import Databases
from tests.support.service_tables import METADATA, columns_of


def shape(uri: str) -> dict[str, Any]:
    """All that a database says of its tables: columns, keys, indexes and their names."""
    engine = sa.create_engine(driver_uri(uri))
    try:
        inspector = sa.inspect(engine)
        return {
            name: {
                "columns": [plain(column) for column in inspector.get_columns(name)],
                "primary key": plain(inspector.get_pk_constraint(name)),
                "unique": sorted(map(plain, inspector.get_unique_constraints(name))),
                "checks": sorted(map(plain, inspector.get_check_constraints(name))),
                "foreign keys": sorted(map(plain, inspector.get_foreign_keys(name))),
                "indexes": sorted(map(plain, inspector.get_indexes(name))),
            }
            for name in inspector.get_table_names()
            if name != "alembic_version"
        }
    finally:
        engine.dispose()


def plain(described: Any) -> str:
    """A description without the identity of its objects, such as the condition of an index."""
    if isinstance(described, dict):
        parts = (f"{key}: {plain(described[key])}" for key in sorted(described))
        return f"{{{', '.join(parts)}}}"
    return str(described)


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_the_newest_revision_makes_the_tables_that_the_code_reads(
    service: str, engine: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    if engine == "sqlite":
        migrated, created = (f"sqlite:///{tmp_path}/{name}.db" for name in ("migrated", "created"))
    else:
        databases: Databases = request.getfixturevalue("databases")
        migrated, created = (databases.create("empty")[0] for _ in range(2))
    upgrade(service, migrated)
    writer = sa.create_engine(driver_uri(created))
    for metadata in METADATA[service]:
        metadata.create_all(writer, checkfirst=False)
    writer.dispose()
    assert shape(migrated) == shape(created)


def test_a_database_is_migrated_as_often_as_it_is_asked_for(database_uri: str) -> None:
    upgrade("identity", database_uri)
    before = shape(database_uri)
    upgrade("identity", database_uri)
    assert shape(database_uri) == before


@pytest.mark.parametrize("service", SERVICE_NAMES)
def test_a_migrated_database_has_no_column_that_is_not_declared_personal_or_not(
    service: str, database_uri: str
) -> None:
    upgrade(service, database_uri)
    engine = sa.create_engine(driver_uri(database_uri))
    inspector = sa.inspect(engine)
    found = {
        (table, column["name"])
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
    }
    engine.dispose()
    declared = {place for place, column in columns_of(service).items() if KEY in column.info}
    assert sorted(found - declared) == [("alembic_version", "version_num")]
