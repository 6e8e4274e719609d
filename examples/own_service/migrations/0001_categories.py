"""The event log, the inbox, and the orders of each category."""

import sqlalchemy as sa
from alembic import op

from chassis.database.migrations_v1 import create_inbox, create_log

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    op.create_table(
        "categories",
        sa.Column("category", sa.Text, primary_key=True),
        sa.Column("orders", sa.BigInteger, nullable=False),
    )
