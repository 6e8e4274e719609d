"""The catalogues that were in force, by which decisions are made again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "catalogues",
        sa.Column("fingerprint", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, nullable=False, unique=True),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("is_shipped", sa.Boolean, nullable=False),
        sa.Column("applied_at", sa.BigInteger, nullable=False),
    )
