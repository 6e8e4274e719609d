"""Frozen migration steps: what keeps a suite alive, as the second form of the chassis's tables.

The order of heads is that of the database's transactions, logs have incarnations, and processes
leave a sign of life. Nothing here may change; see `chassis.database.migrations_v1`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_INDEX_MS = 600_000  # the longest transaction that the building of an index waits for

# Processes of the release before this one may go on writing: they do not know these columns.
_NUMBER_CHANGES = (
    """
    CREATE FUNCTION number_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE newest integer = (SELECT max(incarnation) FROM log_incarnations);
    BEGIN
        NEW.changed_in = CAST(CAST(pg_current_xact_id() AS text) AS bigint);
        IF TG_OP = 'UPDATE' AND OLD.incarnation < newest THEN
            NEW.restored_to = OLD.version;
        END IF;
        NEW.incarnation = greatest(NEW.incarnation, newest);
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER streams_number_insert BEFORE INSERT ON streams
    FOR EACH ROW WHEN (NEW.changed_in = 0) EXECUTE FUNCTION number_change()
    """,
    """
    CREATE TRIGGER streams_number_update BEFORE UPDATE ON streams
    FOR EACH ROW WHEN (NEW.changed_in = OLD.changed_in) EXECUTE FUNCTION number_change()
    """,
)


def keep_alive(op: Any) -> None:
    """All of it: heads by transaction, incarnations, places of comparisons, and signs of life.

    Tables are locked for the moment that it takes to change their descriptions: it reads no rows.
    """
    _order_heads(op)
    _place_comparisons(op)
    _create_replicas(op)


def index_liveness(op: Any) -> None:
    """The indexes that go with it, while others write: a revision of its own, after the other.

    PostgreSQL builds them outside a transaction. What an interrupted attempt has left is built
    anew. It waits for transactions under way, and nobody waits for it.
    """
    if op.get_bind().dialect.name != "postgresql":
        create_indexes(op)
        return
    with op.get_context().autocommit_block():
        op.execute(sa.text(f"SET lock_timeout = {_INDEX_MS}"))
        try:
            for name in ("streams_by_transaction", "positions_ahead"):
                op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            create_indexes(op, postgresql_concurrently=True)
        finally:
            op.execute(sa.text("RESET lock_timeout"))


def create_indexes(op: Any, **options: Any) -> None:
    """The same for tables that nobody uses yet."""
    columns = ["incarnation", "changed_in", "stream_id"]
    op.create_index("streams_by_transaction", "streams", columns, **options)
    op.create_index(
        "positions_ahead",
        "positions",
        ["source", "stream_id"],
        postgresql_where=sa.text("restored_to IS NOT NULL"),
        sqlite_where=sa.text("restored_to IS NOT NULL"),
        **options,
    )
    op.drop_index("streams_by_change", "streams", **options)


def _order_heads(op: Any) -> None:
    """Heads in the order of the database's transactions, and the incarnations of the log."""
    for name, kind, default in (
        ("changed_in", sa.BigInteger, "0"),
        ("incarnation", sa.Integer, "1"),
        ("restored_to", sa.Integer, "0"),
    ):
        op.add_column("streams", sa.Column(name, kind, nullable=False, server_default=default))
    if op.get_bind().dialect.name == "postgresql":
        for statement in _NUMBER_CHANGES:
            op.execute(sa.text(statement))
    op.create_table(
        "log_incarnations",
        sa.Column("incarnation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", sa.Text, nullable=False),
        sa.Column("began_at", sa.BigInteger, nullable=False),
    )
    op.execute(
        sa.text(
            "INSERT INTO log_incarnations (incarnation, fingerprint, began_at) VALUES (1, '', 0)"
        )
    )


def _place_comparisons(op: Any) -> None:
    """What a consumer keeps of its comparisons, and why a dead letter was redriven."""
    with op.batch_alter_table("reconciled") as table:
        table.alter_column("changed_at", existing_type=sa.BigInteger, server_default="0")
        table.add_column(
            sa.Column("changed_incarnation", sa.Integer, nullable=False, server_default="1")
        )
        table.add_column(sa.Column("changed_in", sa.BigInteger, nullable=False, server_default="0"))
        table.add_column(sa.Column("changed_stream", sa.Text, nullable=False, server_default=""))
        table.add_column(sa.Column("incarnation", sa.Integer, nullable=False, server_default="1"))
        table.add_column(sa.Column("next_incarnation", sa.Integer))
        table.add_column(sa.Column("walk_after", sa.Text))
        table.add_column(sa.Column("walk_changed_incarnation", sa.Integer))
        table.add_column(sa.Column("walk_changed_in", sa.BigInteger))
        table.add_column(sa.Column("walk_changed_stream", sa.Text))
        table.add_column(sa.Column("compared_at", sa.BigInteger))
        table.add_column(sa.Column("walked_at", sa.BigInteger))
        table.add_column(sa.Column("too_large", sa.Integer, nullable=False, server_default="0"))
    op.add_column("positions", sa.Column("restored_to", sa.Integer))
    op.add_column("dead_letters", sa.Column("redrive_reason", sa.Text))
    _index_dead_letters(op)


def _index_dead_letters(op: Any) -> None:
    """By time, and those that nobody has redriven yet."""
    op.create_index("dead_letters_by_time", "dead_letters", ["source", "died_at"])
    op.create_index(
        "dead_letters_open",
        "dead_letters",
        ["id"],
        postgresql_where=sa.text("redriven_at IS NULL"),
        sqlite_where=sa.text("redriven_at IS NULL"),
    )


def _create_replicas(op: Any) -> None:
    """The signs of life of the service's processes."""
    op.create_table(
        "replicas",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("host", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("release", sa.Text, nullable=False),
        sa.Column("configuration", sa.JSON, nullable=False),
        sa.Column("skew", sa.BigInteger, nullable=False),
        sa.Column("broker_connected", sa.Boolean, nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
