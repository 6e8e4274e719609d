"""The log, dead letters (none until identity follows a service), and the tables of identity."""

import sqlalchemy as sa
from alembic import op

from chassis.database.migrations_v1 import create_inbox, create_log

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    op.create_table("keys", sa.Column("key", sa.Text, primary_key=True))
    op.create_table(
        "tenures",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("founded_at", sa.BigInteger, nullable=False),
        sa.Column("profile_id", sa.Text, nullable=False),
        sa.Column("epoch", sa.Integer, nullable=False),
        sa.Column("assurance", sa.Text, nullable=False),
        sa.Column("bond", sa.Text, nullable=False),
        sa.Column("bound_at", sa.BigInteger),
        sa.Column("current", sa.Boolean, nullable=False),
        sa.UniqueConstraint("key", "number"),
    )
    op.create_index("ix_tenures_profile_id", "tenures", ["profile_id"])
    op.create_table(
        "profiles",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("verified", sa.Boolean, nullable=False),
        sa.Column("merges", sa.Integer, nullable=False),
    )
