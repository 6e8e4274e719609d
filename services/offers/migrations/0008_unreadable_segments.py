"""The segments that stand still, as a release cannot read their rules."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "unreadable_segments",
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("since", sa.BigInteger, nullable=False),
    )
