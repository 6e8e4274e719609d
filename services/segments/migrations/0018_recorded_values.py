"""Categories, currencies and kinds of traits: of what was recorded before, a rebuild finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute(
        sa.text(
            "INSERT INTO field_names (event_type, path)"
            " SELECT '=incomplete', '' WHERE EXISTS (SELECT event_type FROM field_names)"
        )
    )
