"""The tables that the chassis keeps in every service's database, and the guard of the log."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

METADATA = sa.MetaData()

EVENTS = sa.Table(
    "events",
    METADATA,
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

STREAMS = sa.Table(
    "streams",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Index("streams_by_change", "changed_at", "stream_id"),
)

# One row for each append whose events are not all confirmed by the broker yet.
# `refs` lists [stream, version]; `claimed_at` is when a process last took the row on.
OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("refs", sa.JSON, nullable=False),
    sa.Column("claimed_at", sa.BigInteger, nullable=False, index=True),
)

# Where a consumer stands in each stream of each source. `version` is the last event applied,
# `seen` the highest one heard of: what lies between is fetched from the source's history.
POSITIONS = sa.Table(
    "positions",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("stream_id", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("seen", sa.Integer, nullable=False),
    sa.Column("halted", sa.Boolean, nullable=False),
)
sa.Index(
    "positions_behind",
    POSITIONS.c.source,
    POSITIONS.c.stream_id,
    postgresql_where=POSITIONS.c.seen > POSITIONS.c.version,
    sqlite_where=POSITIONS.c.seen > POSITIONS.c.version,
)

# Up to when (in the source's `changed_at`) the heads of a source were compared with ours.
RECONCILED = sa.Table(
    "reconciled",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
)

# References to what could not be applied or decoded, never the values themselves.
DEAD_LETTERS = sa.Table(
    "dead_letters",
    METADATA,
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

_LOG = (EVENTS, STREAMS, OUTBOX)
_INBOX = (POSITIONS, RECONCILED, DEAD_LETTERS)
# What a service's own user may do; a table that is not named here belongs to its read model.
PRIVILEGES = {
    EVENTS.name: "SELECT, INSERT",
    STREAMS.name: "SELECT, INSERT, UPDATE",
    OUTBOX.name: "SELECT, INSERT, UPDATE, DELETE",
    DEAD_LETTERS.name: "SELECT, INSERT, UPDATE",
}

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
_SQLITE_GUARD = tuple(
    f"""
    CREATE TRIGGER events_refuse_{verb.lower()} BEFORE {verb} ON events
    BEGIN SELECT RAISE(ABORT, 'the event log is append-only: {verb} refused'); END
    """
    for verb in ("UPDATE", "DELETE")
)


def create_log(op: Any) -> None:
    """Migration step: the event log, its outbox, and the triggers that keep it append-only."""
    bind = op.get_bind()
    METADATA.create_all(bind, tables=list(_LOG), checkfirst=False)
    for statement in _POSTGRESQL_GUARD if bind.dialect.name == "postgresql" else _SQLITE_GUARD:
        op.execute(sa.text(statement))


def create_inbox(op: Any) -> None:
    """Migration step: where a consumer keeps its positions and its dead letters."""
    METADATA.create_all(op.get_bind(), tables=list(_INBOX), checkfirst=False)
