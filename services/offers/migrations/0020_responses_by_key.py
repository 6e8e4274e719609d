"""What shoppers did is found by their keys."""

from alembic import op

revision = "0020"
down_revision = "0019"


def upgrade() -> None:
    op.create_index("ix_responses_key", "responses", ["key"])
