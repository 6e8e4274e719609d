"""What is known of a profile moves into the rows of its streams, so that one query reads it."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_OF_PROFILE = (
    sa.Column("verified", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("merges", sa.Integer, nullable=False, server_default="0"),
)


def upgrade() -> None:
    for column in _OF_PROFILE:
        op.add_column("tenures", column)
        op.execute(
            f"UPDATE tenures SET {column.name} = (SELECT {column.name} FROM profiles"  # noqa: S608
            " WHERE profiles.profile_id = tenures.profile_id)"
        )
        op.drop_column("profiles", column.name)
