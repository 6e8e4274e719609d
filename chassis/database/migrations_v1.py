"""Frozen migration steps: the tables of the chassis as each service's first revision makes them.

`op` is that of Alembic, in a revision or on a connection of its own.

Nothing here may change, as databases were made by it. What the tables become later is a revision
of its own; a test keeps the newest revision of every service equal to `chassis.database.tables`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_POSTGRESQL_GUARD = (
    """
    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION 'the event log is append-only: % refused', TG_OP; END $$
    """,
    """
    CREATE TRIGGER events_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()
    """,
)
_SQLITE_GUARD = (
    """
    CREATE TRIGGER events_refuse_update BEFORE UPDATE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: UPDATE refused'); END
    """,
    """
    CREATE TRIGGER events_refuse_delete BEFORE DELETE ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: DELETE refused'); END
    """,
)


def create_log(op: Any) -> None:
    """The event log, its outbox, and the triggers that keep the log append-only."""
    op.create_table(
        "events",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("schema_version", sa.Integer, nullable=False),
        sa.Column("data", sa.JSON, nullable=False),
        sa.Column("metadata", sa.JSON, nullable=False),
        sa.Column("occurred_at", sa.BigInteger, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "streams",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("streams_by_change", "streams", ["changed_at", "stream_id"])
    op.create_table(
        "outbox",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("refs", sa.JSON, nullable=False),
        sa.Column("claimed_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_outbox_claimed_at", "outbox", ["claimed_at"])
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    for statement in _POSTGRESQL_GUARD if is_postgresql else _SQLITE_GUARD:
        op.execute(sa.text(statement))


def create_inbox(op: Any) -> None:
    """Where a consumer keeps its positions and its dead letters."""
    op.create_table(
        "positions",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("seen", sa.Integer, nullable=False),
        sa.Column("halted", sa.Boolean, nullable=False),
    )
    op.create_index(
        "positions_behind",
        "positions",
        ["source", "stream_id"],
        postgresql_where=sa.text("seen > version"),
        sqlite_where=sa.text("seen > version"),
    )
    op.create_table(
        "reconciled",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("streams", sa.JSON, nullable=False),
        sa.Column("version", sa.Integer),
        sa.Column("event_id", sa.Text),
        sa.Column("type", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("died_at", sa.BigInteger, nullable=False),
        sa.Column("redriven_at", sa.BigInteger),
    )
