"""The log, what is heard of profiles', the directory, and the tables of segments."""

from alembic import op

from chassis.database.tables import create_inbox, create_log
from profile_index import create_directory
from services.segments.store import create_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_directory(op)
    create_tables(op)
