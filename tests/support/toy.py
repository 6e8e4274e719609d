"""A toy for the tests of the chassis: notes of amounts go into streams, which are followed.

The log is that of "notes". Its follower keeps for each stream a `fold`: a chain over all that was
applied, in order, so that two folds are equal only if nothing was applied twice, early or never.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext

from chassis import Draft, Event, FixedClock, JointDraft, new_id, parse_instant
from chassis.database import migrations_v1, migrations_v2, migrations_v3, tables
from chassis.database.engine import Database, upsert
from chassis.database.migration import grant
from chassis.eventlog.log import FIRST_HEADS
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from profile_index import apply_identity
from profile_index import tables as index_tables
from profile_index.migrations_v1 import create_profile_index
from profile_index.migrations_v2 import rename_columns
from profile_index.migrations_v3 import note_forms

NOW = parse_instant("2026-11-21T19:30:00Z")
METADATA = sa.MetaData()

FOLDS = sa.Table(
    "folds",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("fold", sa.Text, nullable=False),
)


def create_tables(uri: str, user: str | None = None) -> None:
    """All tables of the toy, its log, inbox and profile index; `user` is granted what it needs."""
    database = Database(uri)
    with database.transaction() as connection:
        operations = Operations(MigrationContext.configure(connection))
        migrations_v1.create_log(operations)
        migrations_v1.create_inbox(operations)
        migrations_v2.keep_alive(operations)
        migrations_v3.separate_gaps(operations)
        create_profile_index(operations)
        rename_columns(operations)
        note_forms(operations, refolded=True)
        METADATA.create_all(connection)
        if user:
            grant(connection, user)
    database.close()


def forget_everything(administrator: Any) -> None:
    """Empty the toy's database on PostgreSQL, through a psycopg2 connection, which is closed."""
    metadata = (tables.METADATA, index_tables.METADATA, METADATA)
    statements = [
        "ALTER TABLE events DISABLE TRIGGER USER",
        *(f"DELETE FROM {table}" for part in metadata for table in part.tables),
        "ALTER TABLE events ENABLE TRIGGER USER",
    ]
    with administrator.cursor() as cursor:
        cursor.execute(";".join(statements))  # one transaction: each one waits for the disk
    administrator.close()


def note(stream: str, amount: int | None = 1, **changes: Any) -> Draft:
    """A draft of one note."""
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": "noted",
        "data": {"amount": amount},
        "occurred_at": NOW,
    }
    return Draft(stream=stream, **(fields | changes))


def joint_note(streams: Iterable[str] | Mapping[str, Mapping[str, Any]], **changes: Any) -> Any:
    """A draft of one joint note, perhaps with an entry for each stream."""
    entries = streams if isinstance(streams, Mapping) else {stream: {} for stream in streams}
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": "noted",
        "data": {"amount": 1},
        "occurred_at": NOW,
    }
    return JointDraft(entries=entries, **(fields | changes))


def work_on(database: Database, source: str = "notes") -> UnitOfWorkRunner:
    """Units of work on a toy's database; nothing is published."""
    return UnitOfWorkRunner(database, source, FixedClock(NOW))


def append(work: UnitOfWorkRunner, *drafts: Draft | JointDraft) -> list[Event]:
    """Append in a unit of work of its own; the events, duplicates included."""
    return [appended.event for appended in work.run(lambda unit: unit.append(drafts))]


def whole_log(work: UnitOfWorkRunner) -> dict[str, list[Event]]:
    """Every event of a log by stream, in order."""

    def read(unit: UnitOfWork) -> dict[str, list[Event]]:
        streams = sorted(head.stream for head in unit.heads(FIRST_HEADS, 100_000).heads)
        events: dict[str, list[Event]] = {stream: [] for stream in streams}
        for event in unit.raw_history(dict.fromkeys(streams, 0), 1_000_000):
            events[event.stream].append(event)
        return events

    return work.read(read)


class Notes:
    """The projection: folds by stream, and the labels of the profile index.

    `before(event)` is called before each event is applied; what it raises, the projection raises.
    """

    def __init__(self, before: Callable[[Event], object] = lambda event: None) -> None:
        self._before = before

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        for event in events:
            self._before(event)
            before = folds(unit.connection, event.versions)
            rows = [
                {"stream_id": stream, "version": version, "fold": fold_on(before[stream][1], event)}
                for stream, version in sorted(event.versions.items())
            ]
            statement = upsert(unit.connection, FOLDS)
            statement = statement.on_conflict_do_update(
                index_elements=[FOLDS.c.stream_id],
                set_={name: statement.excluded[name] for name in ("version", "fold")},
            )
            unit.connection.execute(statement, rows)
        apply_identity(unit, events)


def folds(connection: sa.Connection, streams: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Version and fold of each of `streams`; (0, "") for one without events."""
    names = list(streams)
    query = sa.select(FOLDS).where(FOLDS.c.stream_id.in_(names))
    rows = {row.stream_id: (row.version, row.fold) for row in connection.execute(query)}
    return {stream: rows.get(stream, (0, "")) for stream in names}


def fold_on(fold: str, event: Event) -> str:
    """The fold of a stream after one more event; a joint event's copies count alike."""
    content = [fold, event.data.get("fact_id", event.id), event.data["amount"]]
    return hashlib.sha256(repr(content).encode()).hexdigest()


def fold_of(events: Iterable[Event]) -> str:
    """The fold of a stream from its beginning."""
    fold = ""
    for event in events:
        fold = fold_on(fold, event)
    return fold
