"""What is known of a profile goes into the rows of its streams, so that one query tells it."""

from alembic import op

from services.identity.store import keep_profiles_in_tenures

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    keep_profiles_in_tenures(op)
