"""Carts that were bought, so that what is told of one afterwards abandons nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "carts",
        sa.Column("cart_id", sa.Text, primary_key=True),
        sa.Column("seen_at", sa.BigInteger, nullable=False),
        sa.Column("bought_at", sa.BigInteger),
        sa.Column("stream_id", sa.Text),
    )
    op.create_index("ix_carts_seen_at", "carts", ["seen_at"])
    column = sa.Column("last_at", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("cart_streams", column)
