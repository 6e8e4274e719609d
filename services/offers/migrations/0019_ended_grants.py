"""What ended counts among the grants to all shoppers no longer, and is not read any more."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    op.execute(
        sa.text(
            "DELETE FROM grant_keys WHERE key = '*' AND grant_id IN"
            " (SELECT grant_id FROM grants WHERE state NOT IN ('reserved', 'confirmed'))"
        )
    )
