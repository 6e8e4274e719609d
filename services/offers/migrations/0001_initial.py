"""The log of decisions, what is heard of profiles and segments, the directory, memberships."""

from alembic import op

from chassis.database.tables import create_inbox, create_log
from profile_index import create_directory
from services.offers.store import create_memberships

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_directory(op)
    create_memberships(op)
