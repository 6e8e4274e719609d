"""The events that wait for identity, and the sealed values of identifiers."""

from alembic import op

from services.profiles.store import create_backlog

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    create_backlog(op)
