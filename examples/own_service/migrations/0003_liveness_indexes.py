"""The indexes of heads in the order of transactions, built while others write."""

from alembic import op

from chassis.database.migrations_v2 import index_liveness

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    index_liveness(op)
