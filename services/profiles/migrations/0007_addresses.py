"""The streams in which addresses were told, and what they have refused; 0008 fills them in."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "known_addresses",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("refusals", sa.Integer, nullable=False),
    )
    op.create_table(
        "address_uses",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("proven", sa.Boolean, nullable=False),
        sa.Column("first_at", sa.BigInteger, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("refusals", sa.Integer, nullable=False),
    )
    op.create_index("ix_address_uses_stream_id", "address_uses", ["stream_id"])
    op.create_table(
        "address_refusals",
        sa.Column("address", sa.Text, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("event_id", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("arrived_at", sa.BigInteger, nullable=False),
        sa.Column("arrival_place", sa.Integer, nullable=False),
    )
