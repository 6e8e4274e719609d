"""Addresses and payment methods that accounts keep for their checkouts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "saved_details",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("state", sa.JSON, nullable=False),
    )
