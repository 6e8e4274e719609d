"""The homes of orders that the last release has recorded, on both engines, while it still runs."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import sqlalchemy as sa

from chassis import Unavailable
from chassis.database.engine import Database
from deploy.services import upgrade
from profile_index import migrations_v2
from services.profiles import store
from tests.integration.profiles.test_profiles import ProfilesWithoutNameko, order
from tests.integration.test_database_of_the_last_release import RELEASE, restore
from tests.support.servers import Databases

MANY = 1_100  # streams: more than are filled in at once


@pytest.fixture
def released(
    engine: str, request: pytest.FixtureRequest, tmp_path: Any
) -> Iterator[tuple[str, str | None]]:
    """The database of profiles as the last release has left it, by its owner's URI; its user."""
    dump = (RELEASE / engine / "profiles.sql").read_text()
    if engine == "sqlite":
        uri = f"sqlite:///{tmp_path / 'profiles'}.db"
        restore(uri, dump)
        yield uri, None
        return
    databases: Databases = request.getfixturevalue("databases")
    uri, _ = databases.create("profiles")
    restore(uri, dump)
    yield uri, databases.user("profiles")
    databases.drop(uri)


def record(
    connection: Any, order_id: str, stream: str, *, at: int = 1, proven: bool = False
) -> None:
    """What the last release did to record a completed order."""
    metadata = {"authenticated": proven, "assurance": "verified" if proven else "claimed"}
    version = connection.execute(
        sa.text("SELECT version FROM streams WHERE stream_id = :stream"), {"stream": stream}
    ).scalar()
    row = {
        "stream": stream,
        "version": (version or 0) + 1,
        "id": f"{order_id} {stream} {version}",
        "data": json.dumps({"order_id": order_id, "revenue": 500, "currency": "USD"}),
        "metadata": json.dumps(metadata),
        "at": at,
    }
    connection.execute(
        sa.text(
            "INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata,"
            " occurred_at, recorded_at)"
            " VALUES (:stream, :version, :id, 'order_completed', 1, :data, :metadata, :at, :at)"
        ),
        row,
    )
    connection.execute(
        sa.text(
            "INSERT INTO streams (stream_id, version, changed_at)"
            " VALUES (:stream, :version, :at)"
            " ON CONFLICT (stream_id) DO UPDATE SET version = excluded.version"
        ),
        row,
    )


def homes(uri: str) -> dict[str, tuple[str, int]]:
    """Where the orders of these tests are at home, and how well who told that knew it."""
    engine = sa.create_engine(uri)
    query = sa.select(store.ORDER_HOMES).where(store.ORDER_HOMES.c.order_id.like("test-%"))
    with engine.connect() as connection:
        found = {row.order_id: (row.stream_id, row.strength) for row in connection.execute(query)}
    engine.dispose()
    return found


class Interrupted(Exception):
    """The migration was killed."""


def test_earlier_orders_have_one_home_also_if_they_are_recorded_during_the_migration(
    released: tuple[str, str | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, user = released
    engine = sa.create_engine(uri)
    with engine.begin() as connection:
        for number in range(MANY):
            record(connection, f"test-{number % 100}", f"s{number:05}", at=MANY - number)
        record(connection, "test-proven", "s00001", proven=True, at=9)
        record(connection, "test-proven", "s00000", at=1)
    engine.dispose()
    rename = migrations_v2.rename_columns

    def killed(op: Any) -> None:
        raise Interrupted

    def late(op: Any) -> None:
        rename(op)
        record(op.get_bind(), "test-late", "s00007")
        record(op.get_bind(), "test-7", "s99999", proven=True)

    with monkeypatch.context() as patched:
        patched.setattr(migrations_v2, "rename_columns", killed)
        with pytest.raises(Interrupted):
            upgrade("profiles", uri, user)
    with monkeypatch.context() as patched:
        patched.setattr(migrations_v2, "rename_columns", late)
        upgrade("profiles", uri, user)
    expected = {f"test-{n}": (f"s{MANY - 100 + n:05}", 2) for n in range(100)}
    expected |= {"test-7": ("s99999", 3), "test-late": ("s00007", 2), "test-proven": ("s00001", 3)}
    assert homes(uri) == expected


def test_a_process_of_the_last_release_refuses_to_record_beside_the_new_rules(
    service_database: Callable[[str], Database], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it reads before it appends anything, the epochs of streams, has another name now."""
    profiles = ProfilesWithoutNameko(service_database("profiles"))
    query = sa.text("SELECT stream_id, epoch FROM labels")
    monkeypatch.setattr(store, "epochs", lambda unit, streams: unit.connection.execute(query))
    with pytest.raises(Unavailable, match="does not fit this release"):
        profiles.record(order("order-1", "o-1", 500))
    assert profiles.log() == []
