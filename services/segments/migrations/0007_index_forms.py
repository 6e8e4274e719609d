"""By which form summaries were folded, which those of the release before are not."""

from alembic import op

from profile_index.migrations_v3 import note_forms

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    note_forms(op, refolded=False)
