"""By which form summaries were folded, which are folded anew since revision 0008."""

from alembic import op

from profile_index.migrations_v3 import note_forms

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    note_forms(op, refolded=True)
