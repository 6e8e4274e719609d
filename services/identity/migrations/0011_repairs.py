"""What a support desk's repairs have changed, so that the inverse of one takes it back."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "repairs",
        sa.Column("id", sa.Text, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("whole", sa.Text, nullable=False),
        sa.Column("one", sa.Text, nullable=False),
        sa.Column("other", sa.Text, nullable=False),
        sa.Column("takes_back", sa.Text),
        sa.Column("changed", sa.JSON, nullable=False),
    )
    for column in ("whole", "one", "other"):
        op.create_index(f"ix_repairs_{column}", "repairs", [column])
