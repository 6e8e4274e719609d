"""The models of customer lifetime value, and when the next one is to be fitted."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_table(
        "value_models",
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("id", sa.Text, nullable=False, unique=True),
        sa.Column("fitted_at", sa.BigInteger, nullable=False),
        sa.Column("model", sa.JSON, nullable=False),
        sa.Column("marked_to", sa.Text),
    )
    op.create_table(
        "value_fit_schedule",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
    )
