"""Stays that have ended, and what is measured of segments week by week."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.create_table(
        "stays",
        sa.Column("profile_id", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("segment", sa.Text, nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("until", sa.BigInteger, nullable=False),
    )
    op.create_index("stays_by_end", "stays", ["until"])
    op.create_table(
        "segment_weeks",
        sa.Column("segment", sa.Text, primary_key=True),
        sa.Column("week", sa.Text, primary_key=True),
        sa.Column("measured_at", sa.BigInteger, nullable=False),
        sa.Column("population", sa.Integer, nullable=False),
        sa.Column("members", sa.Integer, nullable=False),
        sa.Column("definition_version", sa.Integer, nullable=False),
        sa.Column("psi", sa.Float),
        sa.Column("drifted_at", sa.BigInteger),
    )
    op.create_table(
        "measurement_schedule",
        sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("next_at", sa.BigInteger, nullable=False),
    )
    op.add_column("definition_files", sa.Column("watch", sa.JSON))
    # The stays that have ended before come with the rebuild that is due.
    op.execute(sa.text("DELETE FROM index_forms WHERE EXISTS (SELECT stream_id FROM summaries)"))
