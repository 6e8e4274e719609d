"""Members of a segment are found in the order of their ids, and each by its whole key."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.drop_index("memberships_by_segment", "memberships")
    op.create_index("memberships_by_segment", "memberships", ["segment", "profile_id"])
