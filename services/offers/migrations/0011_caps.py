"""Caps and budgets: who carries which contact, what was granted, and what orders gave back."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "carried",
        sa.Column("contact", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, primary_key=True),
    )
    op.create_index("ix_carried_stream_id", "carried", ["stream_id"])
    op.create_table(
        "order_returns",
        sa.Column("store", sa.Text, primary_key=True),
        sa.Column("order_id", sa.Text, primary_key=True),
        sa.Column("return_id", sa.Text, primary_key=True),
        sa.Column("amount", sa.BigInteger),
        sa.Column("is_settled", sa.Boolean, nullable=False),
    )
    op.create_index(
        "order_returns_open",
        "order_returns",
        ["store", "order_id"],
        postgresql_where=sa.text("NOT is_settled"),
        sqlite_where=sa.text("NOT is_settled"),
    )
    _create_grants()
    op.create_table(
        "budgets",
        sa.Column("budget_id", sa.Text, primary_key=True),
        sa.Column("used", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "budget_holds",
        sa.Column("grant_id", sa.Text, primary_key=True),
        sa.Column("budget_id", sa.Text, nullable=False),
        sa.Column("amount", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger),
    )
    op.create_index("ix_budget_holds_expires_at", "budget_holds", ["expires_at"])


def _create_grants() -> None:
    op.create_table(
        "grants",
        sa.Column("grant_id", sa.Text, primary_key=True),
        sa.Column("cap_id", sa.Text, nullable=False),
        sa.Column("stream_id", sa.Text),
        sa.Column("amount", sa.BigInteger),
        sa.Column("currency", sa.Text),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("decided_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("decision_id", sa.Text),
        sa.Column("store", sa.Text),
        sa.Column("order_id", sa.Text),
        sa.Column("order_value", sa.BigInteger),
    )
    op.create_index(
        "grants_reserved",
        "grants",
        ["expires_at"],
        postgresql_where=sa.text("state = 'reserved'"),
        sqlite_where=sa.text("state = 'reserved'"),
    )
    op.create_index(
        "grants_of_orders",
        "grants",
        ["store", "order_id"],
        postgresql_where=sa.text("order_id IS NOT NULL"),
        sqlite_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "grant_keys",
        sa.Column("cap_id", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("grant_id", sa.Text, primary_key=True),
    )
    op.create_index("ix_grant_keys_grant_id", "grant_keys", ["grant_id"])
