"""The log, what is heard of identity's, and the directory."""

from alembic import op

from chassis.database.tables import create_inbox, create_log
from profile_index import create_directory

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_directory(op)
