"""Orders that nothing but a new event changes, beside the summaries, which have had all of them.

A summary puts its older orders there when its next event comes.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "archived_orders",
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("order_key", sa.Text, primary_key=True),
        sa.Column("state", sa.JSON, nullable=False),
    )
