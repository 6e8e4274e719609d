"""A guest's tenure in which nobody was seen has no period once it has ended.

Nothing is changed here, and nobody waits: those of the release before, which may still add some,
are left out as they are read.
"""

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    pass
