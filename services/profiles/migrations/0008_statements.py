"""Summaries of the second form; a process of the release before refuses to run beside them."""

from alembic import op

from profile_index.migrations_v2 import name_state

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    name_state(op)
    # Every call of `record` reads this one: no event is recorded without the home of its order.
    op.execute("ALTER TABLE waiting RENAME COLUMN refused TO reason")
