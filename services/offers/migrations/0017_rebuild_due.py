"""Contacts, returns and points of what was applied before come with the rebuild that is due."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(sa.text("DELETE FROM index_forms WHERE EXISTS (SELECT stream_id FROM summaries)"))
