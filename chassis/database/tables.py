"""The tables that the chassis keeps in every service's database."""

from __future__ import annotations

import sqlalchemy as sa

from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS

METADATA = sa.MetaData()

EVENTS = sa.Table(
    "events",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, primary_key=True, info=NOT_PERSONAL),
    sa.Column("id", sa.Text, nullable=False, unique=True, info=PSEUDONYMOUS),
    sa.Column("type", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("schema_version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("data", sa.JSON, nullable=False, info=PERSONAL),
    sa.Column("metadata", sa.JSON, nullable=False, info=PERSONAL),
    sa.Column("occurred_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("recorded_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

STREAMS = sa.Table(
    "streams",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("changed_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Index("streams_by_change", "changed_at", "stream_id"),
)

# One row for each append whose events are not all confirmed by the broker yet.
# `refs` lists [stream, version]; `claimed_at` is when a process last took the row on.
OUTBOX = sa.Table(
    "outbox",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("refs", sa.JSON, nullable=False, info=PSEUDONYMOUS),
    sa.Column("claimed_at", sa.BigInteger, nullable=False, index=True, info=NOT_PERSONAL),
)

# The position of a consumer in each stream of each source. `version` is the last event applied,
# `seen` the highest version seen: the events between are fetched from the source's history.
POSITIONS = sa.Table(
    "positions",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("seen", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("halted", sa.Boolean, nullable=False, info=NOT_PERSONAL),
)
sa.Index(
    "positions_behind",
    POSITIONS.c.source,
    POSITIONS.c.stream_id,
    postgresql_where=POSITIONS.c.seen > POSITIONS.c.version,
    sqlite_where=POSITIONS.c.seen > POSITIONS.c.version,
)

# The source's `changed_at` up to which its heads have been reconciled with our positions.
RECONCILED = sa.Table(
    "reconciled",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("changed_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

# References to events that could not be applied or decoded, never their data.
DEAD_LETTERS = sa.Table(
    "dead_letters",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("source", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("streams", sa.JSON, nullable=False, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, info=NOT_PERSONAL),
    sa.Column("event_id", sa.Text, info=PSEUDONYMOUS),
    sa.Column("type", sa.Text, info=NOT_PERSONAL),
    sa.Column("reason", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("died_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("redriven_at", sa.BigInteger, info=NOT_PERSONAL),
)

# What a service's own user may do; a table that is not listed belongs to its read model.
PRIVILEGES = {
    EVENTS.name: "SELECT, INSERT",
    STREAMS.name: "SELECT, INSERT, UPDATE",
    OUTBOX.name: "SELECT, INSERT, UPDATE, DELETE",
    DEAD_LETTERS.name: "SELECT, INSERT, UPDATE",
}
