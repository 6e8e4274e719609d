"""The address streams on a tenure are found by their profile, too: a till has thousands."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.drop_index("ix_sightings_on_tenure", "sightings")
    op.create_index("ix_sightings_on_tenure", "sightings", ["on_tenure", "profile_id"])
