"""Since when a version of a definition has been unreadable."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    since = sa.Column("since", sa.BigInteger, nullable=False, server_default="0")
    op.add_column("unreadable_definitions", since)
    op.execute(sa.text("UPDATE unreadable_definitions SET since = noted_at"))
