"""Events whose id stands for another one."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "conflicts",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("times", sa.Integer, nullable=False),
        sa.Column("differing", sa.Text, nullable=False),
    )
    op.create_index("ix_conflicts_last_at", "conflicts", ["last_at"])
