"""The orders of payments, and an index by which deliveries that wait are found."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "order_links",
        sa.Column("source_id", sa.Text, primary_key=True),
        sa.Column("reference", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("linked_at", sa.BigInteger, nullable=False),
    )
    op.create_index("order_links_by_time", "order_links", ["linked_at"])
    op.create_index("deliveries_by_status", "deliveries", ["status", "received_at"])
