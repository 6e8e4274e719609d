"""Migrations: the newest revision of each service makes what its tables say, on both databases."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import eventlet
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from chassis import FixedClock
from chassis.database import migration
from chassis.database.engine import Database, driver_uri, is_misfit
from chassis.database.personal import KEY
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from contracts.topology import ALL_NAMES
from deploy.services import MIGRATIONS, upgrade
from profile_index import is_rebuild_due
from services.identity.domain.state import IdentityState
from services.identity.store.lines import load_whole_lines
from tests.support.servers import Databases
from tests.support.service_tables import METADATA, columns_of
from tests.unit.identity.shop import OBSERVER


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


@pytest.mark.parametrize(
    ("service", "statement"),
    [
        ("identity", "SELECT bound_at, verified FROM tenures"),
        ("profiles", "SELECT stream_id, epoch FROM labels"),
        ("profiles", "SELECT stream_id, version, summary FROM summaries"),
        ("segments", "SELECT stream_id, version, summary FROM summaries"),
        ("offers", "SELECT stream_id, version, summary FROM summaries"),
    ],
)
def test_a_process_of_the_release_before_finds_that_it_does_not_fit(
    service: str, statement: str, database_uri: str
) -> None:
    upgrade(service, database_uri)
    engine = sa.create_engine(driver_uri(database_uri))
    with engine.connect() as connection, pytest.raises(DBAPIError) as raised:
        connection.execute(sa.text(statement))
    engine.dispose()
    assert is_misfit(raised.value)


@pytest.mark.parametrize("service", ALL_NAMES)
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


@pytest.mark.parametrize("service", ALL_NAMES)
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


def first_revisions(service: str, count: int, folder: Path) -> Path:
    """The migrations of an earlier release: the first `count` revisions of a service."""
    folder.mkdir()
    for file in sorted(MIGRATIONS[service].glob("0*.py"))[:count]:
        shutil.copy(file, folder)
    return folder


@pytest.mark.parametrize(("service", "count"), [("identity", 1), ("identity", 2), ("profiles", 1)])
def test_a_database_of_an_earlier_revision_ends_with_the_same_tables(
    service: str, count: int, database_uri: str, tmp_path: Path
) -> None:
    migration.upgrade(first_revisions(service, count, tmp_path / "earlier"), database_uri)
    upgrade(service, database_uri)
    newest = f"sqlite:///{tmp_path}/newest.db"
    upgrade(service, newest)
    assert columns(database_uri) == columns(newest)


def test_what_the_first_release_knew_of_a_profile_is_kept(
    database_uri: str, tmp_path: Path
) -> None:
    migration.upgrade(first_revisions("identity", 1, tmp_path / "earlier"), database_uri)
    engine = sa.create_engine(driver_uri(database_uri))
    with engine.begin() as connection:
        connection.exec_driver_sql("INSERT INTO profiles VALUES ('p', true, 3)")
        connection.exec_driver_sql(
            "INSERT INTO tenures VALUES ('p', 'user_id:1', 1, 0, 0, 'p', 1, 'verified', '', NULL,"
            " true)"
        )
    upgrade("identity", database_uri)
    with engine.begin() as connection:
        tenure = connection.exec_driver_sql("SELECT parted, home, fused FROM tenures").one()
        profile = connection.exec_driver_sql("SELECT account, tied FROM profiles").one()
    engine.dispose()
    assert tuple(tenure) == ("", "p", None)
    assert (bool(profile.account), profile.tied) == (True, 0)


@pytest.mark.parametrize("has_summaries", [True, False])
def test_a_database_from_before_caps_and_points_is_to_be_rebuilt_if_something_was_applied(
    has_summaries: bool, database_uri: str, tmp_path: Path
) -> None:
    migration.upgrade(first_revisions("offers", 9, tmp_path / "earlier"), database_uri)
    database = Database(database_uri)
    work = UnitOfWorkRunner(database, "offers", FixedClock(10))
    if has_summaries:
        with database.transaction() as connection:
            connection.exec_driver_sql("INSERT INTO summaries VALUES ('p', 1, '{}')")
    assert not work.read(is_rebuild_due)
    upgrade("offers", database_uri)
    assert work.read(is_rebuild_due) is has_summaries
    database.close()


def test_a_guests_tenure_that_ended_with_nobody_in_it_has_no_period(
    database_uri: str, tmp_path: Path
) -> None:
    migration.upgrade(first_revisions("identity", 12, tmp_path / "earlier"), database_uri)
    engine = sa.create_engine(driver_uri(database_uri))
    tenures = sa.table("tenures", *map(sa.column, (*_EARLIER_TENURE, "current", "empty")))
    with engine.begin() as connection:
        for stream, opened_at, current, empty in (
            *(("guest", 1, False, False), ("gone", 2, False, True)),
            *(("moved", 9, True, True), ("other", 7, False, False)),
        ):
            row = dict.fromkeys(_EARLIER_TENURE, stream) | {"number": opened_at, "epoch": 1}
            row |= {"opened_at": opened_at, "founded_at": 1, "current": current, "empty": empty}
            connection.execute(sa.insert(tenures), row | {"key": "device_id:1"})
        for opened_at, stream in ((1, "guest"), (2, "gone"), (5, "moved"), (9, "moved")):
            connection.exec_driver_sql(
                f"INSERT INTO periods VALUES ('device_id:1', {opened_at}, '{stream}')"
            )
    upgrade("identity", database_uri)
    engine.dispose()
    database = Database(database_uri)
    work = UnitOfWorkRunner(database, "identity", FixedClock(10))
    state = IdentityState(OBSERVER.policy)
    work.read(lambda unit: load_whole_lines(unit, state, ["device_id:1"]))
    database.close()
    periods = {period.opened_at: period.stream for period in state.line("device_id:1")}
    assert periods == {1: "guest", 2: None, 5: None, 9: "moved"}


_EARLIER_TENURE = (
    *("stream_id", "key", "number", "opened_at", "founded_at", "profile_id", "epoch"),
    *("assurance", "bond"),
)


def columns(uri: str) -> dict[str, list[str]]:
    """The names of all columns in their order, by table."""
    engine = sa.create_engine(driver_uri(uri))
    inspector = sa.inspect(engine)
    names = {
        table: [column["name"] for column in inspector.get_columns(table)]
        for table in inspector.get_table_names()
    }
    engine.dispose()
    return names


def test_a_migration_waits_for_tables_in_use_and_nobody_queues_up_behind_it(
    databases: Databases, tmp_path: Path
) -> None:
    """DDL that waits for a table keeps everybody from it: the wait is given up and tried again."""
    uri, _ = databases.create("empty")
    revision = tmp_path / "0001_initial.py"
    revision.write_text(
        _REVISION.format(name="0001", last=None, statement="CREATE TABLE t (a int)")
    )
    migration.upgrade(tmp_path, uri)
    later = _REVISION.format(name="0002", last="'0001'", statement="ALTER TABLE t ADD b int")
    (tmp_path / "0002_later.py").write_text(later)
    engine = sa.create_engine(driver_uri(uri))
    with engine.connect() as reading, engine.connect() as other:
        reading.exec_driver_sql("SELECT a FROM t")
        migrating = eventlet.spawn(migration.upgrade, tmp_path, uri)
        _wait_for_waiting_session(other)
        other.exec_driver_sql("SELECT a FROM t")  # it comes in while the migration pauses
        other.rollback()
        assert not migrating.dead
        reading.rollback()
        migrating.wait()
        other.exec_driver_sql("SELECT b FROM t")
    engine.dispose()


def streams_index(uri: str) -> list[bool]:
    """Whether the index of heads is there, and valid."""
    query = (
        "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('streams_by_transaction')"
    )
    engine = sa.create_engine(driver_uri(uri))
    with engine.connect() as connection:
        found = list(connection.exec_driver_sql(query).scalars())
    engine.dispose()
    return found


def test_the_indexes_of_heads_are_built_while_others_append(
    databases: Databases, tmp_path: Path
) -> None:
    """Nobody waits for it; an attempt that was interrupted is made good by the next."""
    uri, _ = databases.create("empty")
    migration.upgrade(first_revisions("identity", 4, tmp_path / "earlier"), uri)
    engine = sa.create_engine(
        driver_uri(uri), connect_args={"options": "-c lock_timeout=2000"}, pool_size=3
    )
    append = "INSERT INTO streams (stream_id, version, changed_at) VALUES ('{}', 1, 1)"
    with engine.connect() as writing, engine.connect() as other:
        writing.exec_driver_sql(append.format("a"))
        migrating = eventlet.spawn(upgrade, "identity", uri)
        _wait_for_waiting_session(other)
        other.exec_driver_sql(append.format("b"))
        other.commit()
        assert not migrating.dead
        building = (
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE I%%'"
        )
        assert other.exec_driver_sql(building).scalar()
        with pytest.raises(sa.exc.OperationalError):
            migrating.wait()
        assert streams_index(uri) == [False]
        writing.commit()
        upgrade("identity", uri)
    assert streams_index(uri) == [True]
    engine.dispose()


_REVISION = """
from alembic import op

revision = "{name}"
down_revision = {last}

def upgrade():
    op.execute("{statement}")
"""


def _wait_for_waiting_session(connection: sa.Connection) -> None:
    query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
    with eventlet.Timeout(20):
        while not connection.exec_driver_sql(query).scalar():
            connection.rollback()
            eventlet.sleep(0.05)
    connection.rollback()
