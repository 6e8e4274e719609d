"""The grants of an offer to all shoppers are counted by its id and their time, and not by a key."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.create_index(
        "grants_counted",
        "grants",
        ["cap_id", "decided_at"],
        postgresql_where=sa.text("state IN ('reserved', 'confirmed')"),
        sqlite_where=sa.text("state IN ('reserved', 'confirmed')"),
    )
    op.execute(sa.text("DELETE FROM grant_keys WHERE key = '*'"))
