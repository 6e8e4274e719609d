"""Heads in the order of transactions, incarnations of the log, and signs of life."""

from alembic import op

from chassis.database.migrations_v2 import create_replicas, order_heads, place_comparisons

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    order_heads(op)
    place_comparisons(op)
    create_replicas(op)
