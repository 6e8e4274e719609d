"""Why somebody should look at an order: its id is another's too, or a refund does not count."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    kind = sa.Column("kind", sa.Text, nullable=False, server_default="order_id_reused")
    op.add_column("order_reviews", kind)
