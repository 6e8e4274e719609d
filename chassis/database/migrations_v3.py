"""Frozen migration step: streams with gaps in a table of their own.

Nothing here may change; see `chassis.database.migrations_v1`.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

_FILL = """
    INSERT INTO position_gaps (source, stream_id)
    SELECT source, stream_id FROM positions WHERE seen > version
"""


def separate_gaps(op: Any) -> None:
    """Move the streams that lag out of an index of positions, so that these change in place.

    Positions are locked for as long as it takes to copy the lagging ones, which the index finds.
    """
    is_postgresql = op.get_bind().dialect.name == "postgresql"
    op.create_table(
        "position_gaps",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("stream_id", sa.Text, primary_key=True),
    )
    if is_postgresql:
        op.execute(sa.text("LOCK TABLE positions IN ACCESS EXCLUSIVE MODE"))
        op.execute(sa.text("ALTER TABLE positions SET (fillfactor = 70)"))
    op.execute(sa.text(_FILL))
    op.drop_index("positions_behind", "positions")
