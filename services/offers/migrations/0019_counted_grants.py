"""The grants of an offer to all shoppers are counted by its id and their time, and not by a key.

The key `*` that each of them has had stays: processes of the release before count by it until they
are stopped. Nothing reads it any more.
"""

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
