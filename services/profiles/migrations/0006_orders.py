"""The homes of orders, and the streams of carts; 0008 fills in the homes of earlier orders."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "order_homes",
        sa.Column("store", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, nullable=False),
        sa.Column("strength", sa.Integer, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("state", sa.JSON),
        sa.Column("reused", sa.JSON, nullable=False),
    )
    op.create_index("ix_order_homes_stream_id", "order_homes", ["stream_id"])
    op.create_table(
        "order_reviews",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("store", sa.Text, nullable=False),
        sa.Column("order_id", sa.Text, nullable=False),
        sa.Column("home_stream", sa.Text, nullable=False),
        sa.Column("stream_id", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("done_at", sa.BigInteger),
    )
    op.create_index("ix_order_reviews_last_at", "order_reviews", ["last_at"])
    op.create_table(
        "cart_streams",
        sa.Column("cart_id", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_cart_streams_seen_at", "cart_streams", ["seen_at"])
