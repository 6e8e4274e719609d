"""Pools of coupon codes."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.create_table(
        "coupons",
        sa.Column("pool", sa.Text, primary_key=True),
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("grant_id", sa.Text),
        sa.Column("added_at", sa.BigInteger, nullable=False),
    )
    op.create_index("ix_coupons_grant_id", "coupons", ["grant_id"], unique=True)
    op.create_index(
        "coupons_free",
        "coupons",
        ["pool", "code"],
        postgresql_where=sa.text("grant_id IS NULL"),
        sqlite_where=sa.text("grant_id IS NULL"),
    )
