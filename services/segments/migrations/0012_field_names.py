"""The names of fields, without values; who told an event."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.create_table(
        "field_names",
        sa.Column("event_type", sa.Text, primary_key=True),
        sa.Column("path", sa.Text, primary_key=True),
    )
    for name in ("by_browser", "is_unproven"):
        column = sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())
        op.add_column("facts", column)
    # What was applied before is without: it comes with the rebuild that is due.
    op.execute(sa.text("DELETE FROM index_forms WHERE EXISTS (SELECT stream_id FROM summaries)"))
