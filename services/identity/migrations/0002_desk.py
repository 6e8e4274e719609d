"""What a support desk decides, and the list of what it should look at."""

from alembic import op

from services.identity.store import add_partings_and_reviews

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    add_partings_and_reviews(op)
