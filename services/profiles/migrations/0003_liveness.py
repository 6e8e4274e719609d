"""Heads in the order of transactions, incarnations of the log, and signs of life.

Deferred events that failed are tried again, and counting those that wait costs the same for any
number.
"""

import sqlalchemy as sa
from alembic import op

from chassis.database.migrations_v2 import keep_alive

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    keep_alive(op)
    op.add_column("waiting", sa.Column("failures", sa.Integer, nullable=False, server_default="0"))
    op.add_column("waiting", sa.Column("try_at", sa.BigInteger))
    for name, column, condition in (
        ("waiting_in_queue", "place", "refused IS NULL"),
        ("waiting_refused", "place", "refused IS NOT NULL"),
        ("waiting_to_try", "try_at", "try_at IS NOT NULL"),
    ):
        where = sa.text(condition)
        op.create_index(name, "waiting", [column], sqlite_where=where, postgresql_where=where)
