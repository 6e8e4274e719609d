"""Profiles that have got streams with grants from elsewhere, and grants found by key alone."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table("moved_holders", sa.Column("profile_id", sa.Text, primary_key=True))
    op.create_index("ix_grant_keys_key", "grant_keys", ["key"])
