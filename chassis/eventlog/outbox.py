"""The outbox: what is committed and not yet confirmed by the broker."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chassis.core.event import Event
from chassis.database.bulk import among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import OUTBOX

_CLEAR = PreparedStatement(sa.delete(OUTBOX).where(among(OUTBOX.c.id, "ids")))


def put(connection: sa.Connection, row_id: str, events: Sequence[Event]) -> None:
    """Note that `events` are to be published, in a row that this process has claimed."""
    refs = [[event.stream, event.version] for event in events]
    connection.execute(
        sa.insert(OUTBOX), {"id": row_id, "refs": refs, "claimed_at": time.time_ns() // 1_000}
    )


class Outbox:
    """One row for each append; it leaves only after the confirm of all its events.

    The process that commits a row holds its claim; a claim that is older than `lapse`
    microseconds belongs to a process that died, and anybody's sweeper may take it over.
    """

    def __init__(self, lapse: int = 5_000_000) -> None:
        self._lapse = lapse

    def claim(self, connection: sa.Connection, limit: int) -> dict[str, list[list[Any]]]:
        """Take over up to `limit` rows whose claim has lapsed; maps row id to references."""
        now = time.time_ns() // 1_000
        lapsed = (
            sa.select(OUTBOX.c.id)
            .where(OUTBOX.c.claimed_at < now - self._lapse)
            .order_by(OUTBOX.c.claimed_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = [row.id for row in connection.execute(lapsed)]
        if not ids:
            return {}
        connection.execute(sa.update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(claimed_at=now))
        rows = connection.execute(sa.select(OUTBOX).where(OUTBOX.c.id.in_(ids)))
        return {row.id: row.refs for row in rows}

    def clear(self, connection: sa.Connection, row_ids: Sequence[str]) -> None:
        """Drop rows whose events the broker has confirmed."""
        _CLEAR.execute(connection, ids=row_ids)
