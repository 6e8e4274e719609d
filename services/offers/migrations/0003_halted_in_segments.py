"""The streams that segments has halted, as offers knows them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "halted_in_segments",
        sa.Column("stream_id", sa.Text, primary_key=True),
    )
