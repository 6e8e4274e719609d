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

# The head of each stream. `changed_at` is the clock of the machine that changed it last. By
# `incarnation` (of the log) and `changed_in` (the database's number of that transaction) heads are
# compared. `restored_to` is the version at which that incarnation began for the stream; a stream of
# an earlier incarnation than the log's has not changed since that began.
STREAMS = sa.Table(
    "streams",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("changed_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("changed_in", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("incarnation", sa.Integer, nullable=False, server_default="1", info=NOT_PERSONAL),
    sa.Column("restored_to", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Index("streams_by_transaction", "incarnation", "changed_in", "stream_id"),
)

# One row for each life of the log: a restore from a backup begins a new one. `fingerprint` says
# where the log lay when that was noticed.
LOG_INCARNATIONS = sa.Table(
    "log_incarnations",
    METADATA,
    sa.Column("incarnation", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("fingerprint", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("began_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
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
# `restored_to` is set where the source was restored to less than we have applied: it is how far
# both agree, and nothing is applied to the stream until the read model is rebuilt.
POSITIONS = sa.Table(
    "positions",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("version", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("seen", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("halted", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("restored_to", sa.Integer, info=NOT_PERSONAL),
    postgresql_with={"fillfactor": 70},
)
sa.Index(
    "positions_ahead",
    POSITIONS.c.source,
    POSITIONS.c.stream_id,
    postgresql_where=POSITIONS.c.restored_to.is_not(None),
    sqlite_where=POSITIONS.c.restored_to.is_not(None),
)

# The streams in whose position more was seen than applied, written under the position's lock. An
# index with that condition would make PostgreSQL write a new entry of every index whenever a
# position changes, as it cannot update a row in place whose condition may have changed.
GAPS = sa.Table(
    "position_gaps",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
)

# How far the heads of a source have been reconciled with our positions: up to which place in their
# order (`changed_incarnation`, `changed_in`, `changed_stream`), in which incarnation of its log,
# when last, and when all were walked last. `walk_after` is the stream up to which a walk under way
# has come, and `walk_changed_…` the place up to which it has read heads again; with a
# `next_incarnation` nothing of the source is applied until it ends. In `too_large` streams the next
# event cannot be fetched, being larger than a message may be. `changed_at` is that of earlier
# releases.
RECONCILED = sa.Table(
    "reconciled",
    METADATA,
    sa.Column("source", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("changed_at", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column(
        "changed_incarnation", sa.Integer, nullable=False, server_default="1", info=NOT_PERSONAL
    ),
    sa.Column("changed_in", sa.BigInteger, nullable=False, server_default="0", info=NOT_PERSONAL),
    sa.Column("changed_stream", sa.Text, nullable=False, server_default="", info=PSEUDONYMOUS),
    sa.Column("incarnation", sa.Integer, nullable=False, server_default="1", info=NOT_PERSONAL),
    sa.Column("next_incarnation", sa.Integer, info=NOT_PERSONAL),
    sa.Column("walk_after", sa.Text, info=PSEUDONYMOUS),
    sa.Column("walk_changed_incarnation", sa.Integer, info=NOT_PERSONAL),
    sa.Column("walk_changed_in", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("walk_changed_stream", sa.Text, info=PSEUDONYMOUS),
    sa.Column("compared_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("walked_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("too_large", sa.Integer, nullable=False, server_default="0", info=NOT_PERSONAL),
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
    sa.Column("reason", sa.Text, nullable=False, info=PSEUDONYMOUS),
    sa.Column("died_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("redriven_at", sa.BigInteger, info=NOT_PERSONAL),
    sa.Column("redrive_reason", sa.Text, info=NOT_PERSONAL),
    sa.Index("dead_letters_by_time", "source", "died_at"),
)
# Old letters stay: they must not make it slow to find the few that nobody has redriven yet.
sa.Index(
    "dead_letters_open",
    DEAD_LETTERS.c.id,
    postgresql_where=DEAD_LETTERS.c.redriven_at.is_(None),
    sqlite_where=DEAD_LETTERS.c.redriven_at.is_(None),
)

# The processes of the service: each renews its row every few seconds. `configuration` has the
# SHA-256 of each file that the process has read, `skew` is how many microseconds its clock is ahead
# of the database's, which dates the row.
REPLICAS = sa.Table(
    "replicas",
    METADATA,
    sa.Column("id", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("host", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("pid", sa.Integer, nullable=False, info=NOT_PERSONAL),
    sa.Column("role", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("release", sa.Text, nullable=False, info=NOT_PERSONAL),
    sa.Column("configuration", sa.JSON, nullable=False, info=NOT_PERSONAL),
    sa.Column("skew", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("broker_connected", sa.Boolean, nullable=False, info=NOT_PERSONAL),
    sa.Column("started_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
    sa.Column("seen_at", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)

READ_MODEL_PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE"

# What a service's own user may do; a table that is not listed belongs to its read model.
PRIVILEGES = {
    EVENTS.name: "SELECT, INSERT",
    STREAMS.name: "SELECT, INSERT, UPDATE",
    LOG_INCARNATIONS.name: "SELECT, INSERT, UPDATE",
    OUTBOX.name: "SELECT, INSERT, UPDATE, DELETE",
    DEAD_LETTERS.name: "SELECT, INSERT, UPDATE",
}
