"""What a support desk has pinned to a stream is found by the stream, when that moves."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    pinned = sa.text("pin IS NOT NULL")
    op.create_index(
        "ix_sightings_pin", "sightings", ["pin"], postgresql_where=pinned, sqlite_where=pinned
    )
