"""Streams with gaps in a table of their own, so that positions change in place."""

from alembic import op

from chassis.database.migrations_v3 import separate_gaps

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    separate_gaps(op)
