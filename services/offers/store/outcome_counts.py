"""How often what a bandit has drawn was shown, clicked and converted, and its statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.statistics import CellCount, OutcomeCount
from services.offers.store.tables import OUTCOME_COUNTS

_ADD = RowStatement(
    """
    INSERT INTO outcome_counts (slot, offer_id, cell, views, clicks, conversions, changed_at)
    SELECT text[slot], text[offer_id], text[cell], number[views], number[clicks],
        number[conversions], number[changed_at]
    FROM {rows} WHERE true
    ON CONFLICT (slot, offer_id, cell) DO UPDATE
    SET views = outcome_counts.views + excluded.views,
        clicks = outcome_counts.clicks + excluded.clicks,
        conversions = outcome_counts.conversions + excluded.conversions,
        changed_at = excluded.changed_at
    """
)


def add_outcome_counts(unit: UnitOfWork, counts: Iterable[CellCount]) -> None:
    """Add to the counts of cells; rows are locked in the order of their keys."""
    rows = [
        {
            "slot": slot,
            "offer_id": offer_id,
            "cell": cell,
            **count._asdict(),
            "changed_at": unit.now,
        }
        for slot, offer_id, cell, count in sorted(counts)
    ]
    if rows:
        _ADD.execute(unit.connection, rows)


def load_outcome_counts(unit: UnitOfWork, since: int) -> tuple[Sequence[CellCount], int]:
    """The counts that have changed since an instant (µs), and when the latest of them did."""
    query = sa.select(OUTCOME_COUNTS).where(OUTCOME_COUNTS.c.changed_at >= since)
    rows = unit.connection.execute(query).all()
    counts = [
        CellCount(
            row.slot, row.offer_id, row.cell, OutcomeCount(row.views, row.clicks, row.conversions)
        )
        for row in rows
    ]
    return counts, max((row.changed_at for row in rows), default=0)
