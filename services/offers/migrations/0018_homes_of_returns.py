"""Returns know the homes of their orders, and which ids stand for several orders is known."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.add_column("order_returns", sa.Column("stream_id", sa.Text))
    is_apart = sa.Column("is_apart", sa.Boolean, nullable=False, server_default=sa.false())
    op.add_column("order_returns", is_apart)
    op.create_table(
        "reused_order_ids",
        sa.Column("store", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
    )
