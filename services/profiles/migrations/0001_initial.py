"""The log, what profiles has received of identity's, and the profile index."""

from alembic import op

from chassis.database.migrations_v1 import create_inbox, create_log
from profile_index.migrations_v1 import create_profile_index

revision = "0001"
down_revision = None


def upgrade() -> None:
    create_log(op)
    create_inbox(op)
    create_profile_index(op)
