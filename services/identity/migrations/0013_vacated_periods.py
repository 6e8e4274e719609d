"""A guest's tenure in which nobody was seen has no period once it has ended, as from now on."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute(
        """
        UPDATE periods SET stream_id = NULL
        WHERE EXISTS (
            SELECT 1 FROM tenures
            WHERE tenures.stream_id = periods.stream_id AND tenures.empty
              AND (NOT tenures.current OR tenures.opened_at <> periods.opened_at)
        )
        """
    )
