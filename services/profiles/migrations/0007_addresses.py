"""The streams in which addresses were told, and what they have refused.

What earlier releases knew of addresses is which streams they led to. Such a stream has the events
of its address, and begins with whose it is at the instant when the address was told first.
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_FILL = (
    """
    INSERT INTO known_addresses (address, refusals)
    SELECT DISTINCT key, 0 FROM identifiers WHERE key LIKE 'email:%' OR key LIKE 'phone:%'
    """,
    """
    INSERT INTO address_uses (address, stream_id, kind, proven, first_at, last_at, refusals)
    SELECT key, identifiers.stream_id, 'address', assurance = 'verified',
           min(occurred_at), max(occurred_at), 0
    FROM identifiers
    JOIN events ON events.stream_id = identifiers.stream_id
     AND (type <> 'identity_changed' OR version = 1)
    WHERE key LIKE 'email:%' OR key LIKE 'phone:%'
    GROUP BY key, identifiers.stream_id, assurance
    """,
)


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
    for statement in _FILL:
        op.execute(sa.text(statement))
