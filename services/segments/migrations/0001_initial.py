"""The log, what segments has received of profiles', the profile index, and its own tables."""

import sqlalchemy as sa
from alembic import op

from chassis.database.migrations_v1 import create_inbox, create_log
from profile_index.migrations_v1 import create_profile_index

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_profile_index(op)
    op.create_table(
        "profiles",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("next_at", sa.BigInteger),
        sa.Column("generation", sa.Integer, nullable=False),
    )
    op.create_index("ix_profiles_next_at", "profiles", ["next_at"])
    op.create_index("ix_profiles_generation", "profiles", ["generation"])
    op.create_table(
        "memberships",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("definition_version", sa.Integer, nullable=False),
    )
    op.create_index("memberships_by_segment", "memberships", ["segment"])
    op.create_table(
        "definitions",
        sa.Column("generation", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("segment", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("origin", sa.Text, nullable=False),
        sa.Column("defined_at", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("segment", "version"),
    )
