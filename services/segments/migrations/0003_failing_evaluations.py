"""Profiles whose evaluation fails, and when it is tried again."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "failing_evaluations",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("failures", sa.Integer, nullable=False),
        sa.Column("try_at", sa.BigInteger, nullable=False),
    )
