"""Summaries of the second form; the homes of earlier orders, and the streams of their addresses.

What earlier orders and addresses tell is filled in while the release before still records: some
streams at a time, each in a transaction of its own, and from the beginning after a failure. Then
columns get the names of this release, so that a process of the release before refuses to run
beside this one; what it has recorded meanwhile is filled in with that, under the same lock. No
order is left without a home.
"""

import sqlalchemy as sa
from alembic import op

from chassis.database.migrations_v4 import take_over
from profile_index.migrations_v2 import rename_columns

revision = "0008"
down_revision = "0007"

_STREAMS = 1_000  # filled in at once

# How well who told an order knew whose it is: 3 with a verified account, 2 without; 0 where no
# completion was told. The best of an order is at home, and of equals the first.
_HOMES = """
    INSERT INTO order_homes
        (store, order_id, stream_id, strength, address, state, reused, filled_at)
    SELECT '', order_id, stream_id, strength, NULL, NULL, '[]', occurred_at
    FROM (
        SELECT order_id, stream_id, strength, occurred_at,
               row_number() OVER (
                   PARTITION BY order_id
                   ORDER BY strength DESC, occurred_at, stream_id, version
               ) AS place
        FROM (
            SELECT {order_id} AS order_id, stream_id, version, occurred_at,
                   CASE WHEN type <> 'order_completed' THEN 0
                        WHEN {verified} THEN 3 ELSE 2 END AS strength
            FROM events
            WHERE type IN ('order_completed', 'order_refunded', 'order_cancelled') AND {streams}
        ) AS told
        WHERE order_id IS NOT NULL
    ) AS ranked
    WHERE place = 1
    ON CONFLICT (store, order_id) DO UPDATE
    SET stream_id = excluded.stream_id, strength = excluded.strength,
        filled_at = excluded.filled_at
    WHERE excluded.strength > order_homes.strength
       OR (excluded.strength = order_homes.strength
           AND (excluded.filled_at, excluded.stream_id)
             < (order_homes.filled_at, order_homes.stream_id))
"""
# What earlier releases knew of addresses is which streams they led to. Such a stream has the events
# of its address, and begins with whose it is at the instant when the address was told first.
_ADDRESSES = """
    INSERT INTO known_addresses (address, refusals)
    SELECT DISTINCT key, 0 FROM identifiers
    WHERE (key LIKE 'email:%' OR key LIKE 'phone:%') AND {streams}
    ON CONFLICT (address) DO NOTHING
"""
_USES = """
    INSERT INTO address_uses (address, stream_id, kind, proven, first_at, last_at, refusals)
    SELECT key, identifiers.stream_id, 'address', assurance = 'verified',
           min(occurred_at), max(occurred_at), 0
    FROM identifiers
    JOIN events ON events.stream_id = identifiers.stream_id
     AND (type <> 'identity_changed' OR version = 1)
    WHERE (key LIKE 'email:%' OR key LIKE 'phone:%') AND identifiers.{streams}
    GROUP BY key, identifiers.stream_id, assurance
    ON CONFLICT (address, stream_id) DO UPDATE
    SET proven = excluded.proven, first_at = excluded.first_at, last_at = excluded.last_at
"""
_EXPRESSIONS = {
    "postgresql": {
        "order_id": "data ->> 'order_id'",
        "verified": "metadata ->> 'authenticated' = 'true'"
        " AND metadata ->> 'assurance' = 'verified'",
    },
    "sqlite": {
        "order_id": "json_extract(data, '$.order_id')",
        "verified": "json_extract(metadata, '$.authenticated')"
        " AND json_extract(metadata, '$.assurance') = 'verified'",
    },
}
_PART = (
    "stream_id IN (SELECT s.stream_id FROM streams AS s"
    " WHERE s.stream_id > :after AND s.stream_id <= :last)"
)
_CHANGED = "stream_id IN (SELECT s.stream_id FROM streams AS s WHERE s.changed_in >= :mark)"
# Whatever commits from now on has this number of a transaction, or a later one.
_MARKS = {
    "postgresql": "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)",
    "sqlite": "SELECT coalesce(max(changed_in), 0) FROM streams",
}
_EMPTY = {"postgresql": "TRUNCATE summaries", "sqlite": "DELETE FROM summaries"}


def upgrade() -> None:
    connection = op.get_bind()
    with op.get_context().autocommit_block():
        columns = sa.inspect(connection).get_columns("order_homes")
        if all(column["name"] != "filled_at" for column in columns):
            op.add_column("order_homes", sa.Column("filled_at", sa.BigInteger))
        mark = connection.execute(sa.text(_MARKS[connection.dialect.name])).scalar_one()
        _fill_all(connection)
    take_over(op, "labels, summaries")  # what the release before records is done by then
    rename_columns(op)
    _fill(connection, _CHANGED, mark=mark)
    op.execute(sa.text("ALTER TABLE order_homes DROP COLUMN filled_at"))
    # Summaries have another form since: they are folded from the log again.
    op.execute(sa.text(_EMPTY[connection.dialect.name]))


def _fill_all(connection: sa.Connection) -> None:
    query = sa.text(
        "SELECT stream_id FROM streams WHERE stream_id > :after ORDER BY stream_id LIMIT :most"
    )
    after = ""
    while streams := connection.execute(query, {"after": after, "most": _STREAMS}).scalars().all():
        _fill(connection, _PART, after=after, last=streams[-1])
        after = streams[-1]


def _fill(connection: sa.Connection, streams: str, **parameters: str | int) -> None:
    expressions = _EXPRESSIONS[connection.dialect.name]
    for statement in (_HOMES, _ADDRESSES, _USES):
        text = sa.text(statement.format(streams=streams, **expressions))
        connection.execute(text, parameters)
