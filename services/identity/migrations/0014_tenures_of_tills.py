"""Of a device on which many sign in, the tenures that matter are found without the others.

PostgreSQL builds the indexes while others write, and anew what an interrupted attempt has left.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"

_INDEXES = {
    "ix_tenures_current": (["key"], "current"),
    "ix_tenures_empty": (["key"], "empty"),
    "ix_tenures_accounts": (["key", "opened_at"], "signed_in"),
}
_LOCK_MS = 600_000  # the longest transaction that the building of an index waits for


def upgrade() -> None:
    if op.get_bind().dialect.name != "postgresql":
        _create()
        return
    with op.get_context().autocommit_block():
        op.execute(sa.text(f"SET lock_timeout = {_LOCK_MS}"))
        try:
            for name in _INDEXES:
                op.execute(sa.text(f"DROP INDEX CONCURRENTLY IF EXISTS {name}"))
            _create(postgresql_concurrently=True)
        finally:
            op.execute(sa.text("RESET lock_timeout"))


def _create(postgresql_concurrently: bool = False) -> None:
    for name, (columns, flag) in _INDEXES.items():
        op.create_index(
            name,
            "tenures",
            columns,
            postgresql_where=sa.text(flag),
            sqlite_where=sa.text(flag),
            postgresql_concurrently=postgresql_concurrently,
        )
