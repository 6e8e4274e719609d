"""What each profile's rules wait for, its memberships and its watermark, beside when it is due."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    for column in (
        sa.Column("watermark", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("due", sa.JSON),
        sa.Column("members", sa.JSON),
        sa.Column("is_settled", sa.Boolean, nullable=False, server_default=sa.false()),
    ):
        op.add_column("profiles", column)
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.text("ALTER TABLE profiles SET (fillfactor = 70)"))
