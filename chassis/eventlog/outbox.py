"""The outbox: events that are committed and not yet confirmed by the broker."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from chassis.core.event import Event
from chassis.database.bulk import among
from chassis.database.clock import database_now
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import OUTBOX

_CLEAR = PreparedStatement(sa.delete(OUTBOX).where(among(OUTBOX.c.id, "ids")))


def put(connection: sa.Connection, row_id: str, events: Sequence[Event]) -> None:
    """Insert a row for `events`, which are to be published; this process has claimed it."""
    refs = [[event.stream, event.version] for event in events]
    row = {"id": row_id, "refs": refs, "claimed_at": database_now()}
    connection.execute(sa.insert(OUTBOX).values(row))


class Outbox:
    """One row for each append, deleted only after the broker has confirmed all its events.

    The process that commits a row has its claim. A claim older than `lapse` microseconds, by the
    database's clock, is that of a dead process, and any process's sweeper may take it over. So is
    one that lies as far ahead: the clock was set back since.
    """

    def __init__(self, lapse: int = 5_000_000) -> None:
        self._lapse = lapse

    def claim(self, connection: sa.Connection, limit: int) -> dict[str, list[list[Any]]]:
        """Take over up to `limit` rows whose claim has lapsed: row id -> stream and versions."""
        lapsed = (
            sa.select(OUTBOX.c.id)
            .where(
                ~OUTBOX.c.claimed_at.between(
                    database_now() - self._lapse, database_now() + self._lapse
                )
            )
            .order_by(OUTBOX.c.claimed_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        ids = [row.id for row in connection.execute(lapsed)]
        if not ids:
            return {}
        renewed = sa.update(OUTBOX).where(OUTBOX.c.id.in_(ids)).values(claimed_at=database_now())
        connection.execute(renewed)
        rows = connection.execute(sa.select(OUTBOX).where(OUTBOX.c.id.in_(ids)))
        return {row.id: row.refs for row in rows}

    def clear(self, connection: sa.Connection, row_ids: Sequence[str]) -> None:
        """Delete rows whose events the broker has confirmed."""
        _CLEAR.execute(connection, ids=row_ids)
