"""Heads in the order of transactions, incarnations of the log, and signs of life."""

from alembic import op

from chassis.database.migrations_v2 import keep_alive

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    keep_alive(op)
