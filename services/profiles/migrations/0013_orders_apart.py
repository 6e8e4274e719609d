"""Which of several orders of one id are kept apart; those of earlier releases are not."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    apart = sa.Column("apart", sa.JSON, nullable=False, server_default="[]")
    op.add_column("order_homes", apart)
