"""The log, dead letters (none until identity follows a service), and the tables of identity."""

from alembic import op

from chassis.database.tables import create_inbox, create_log
from services.identity.store import create_tables

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_tables(op)
