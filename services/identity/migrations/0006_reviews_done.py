"""Who took an entry off the review list."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("reviews", sa.Column("done_by", sa.Text))
