"""The log of decisions, what offers has received of its sources, the profile index, memberships."""

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
        "memberships",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("segments", sa.JSON, nullable=False),
        sa.Column("as_of", sa.JSON, nullable=False),
    )
