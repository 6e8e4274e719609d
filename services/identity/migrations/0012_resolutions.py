"""Where events went whose call may be made again, although they would go elsewhere by now."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "resolutions",
        sa.Column("event_id", sa.Text, primary_key=True),
        sa.Column("digest", sa.Text, nullable=False),
        sa.Column("stream_id", sa.Text, nullable=False),
        sa.Column("came_from", sa.Text),
        sa.Column("ignored", sa.JSON, nullable=False),
        sa.Column("resolved_at", sa.BigInteger, nullable=False),
    )
    for column in ("stream_id", "resolved_at"):
        op.create_index(f"ix_resolutions_{column}", "resolutions", [column])
