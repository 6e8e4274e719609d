"""Summaries of the second form; a process of the release before refuses to run beside them."""

from alembic import op

from profile_index.migrations_v2 import rename_columns

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    rename_columns(op)
