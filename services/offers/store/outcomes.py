"""The outcomes whose decision is not in the log yet, and their statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.tables import EVENTS
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.decisions import DECIDED
from services.offers.store.tables import UNJOINED_OUTCOMES

_PUT = RowStatement(
    """
    INSERT INTO unjoined_outcomes (outcome_id, decision_id, data, recorded_at)
    SELECT text[outcome_id], text[decision_id], json[data], number[recorded_at]
    FROM {rows} WHERE true
    ON CONFLICT (outcome_id) DO NOTHING
    """
)
_OF_DECISIONS = UNJOINED_OUTCOMES.join(
    EVENTS, sa.and_(EVENTS.c.id == UNJOINED_OUTCOMES.c.decision_id, EVENTS.c.type == DECIDED)
)


class UnjoinedOutcome(NamedTuple):
    """An outcome, as plain JSON, and the data of its decision, which has come since."""

    outcome_id: str
    outcome: Any
    decision: Any


def put_unjoined_outcomes(
    unit: UnitOfWork, outcomes: Iterable[tuple[str, str, dict[str, Any]]]
) -> None:
    """Keep outcomes, each with its id, its decision's, and as JSON, until their decisions come."""
    rows = [
        {
            "outcome_id": outcome_id,
            "decision_id": decision_id,
            "data": data,
            "recorded_at": unit.now,
        }
        for outcome_id, decision_id, data in sorted(outcomes, key=lambda each: each[0])
    ]
    if rows:
        _PUT.execute(unit.connection, rows)


def take_joinable_outcomes(unit: UnitOfWork, limit: int, since: int) -> Sequence[UnjoinedOutcome]:
    """Take out up to `limit` outcomes that were recorded since an instant (µs) and whose decisions
    are in the log; others take other ones.
    """
    query = (
        sa.select(
            UNJOINED_OUTCOMES.c.outcome_id,
            UNJOINED_OUTCOMES.c.data.label("outcome"),
            EVENTS.c.data.label("decision"),
        )
        .select_from(_OF_DECISIONS)
        .where(UNJOINED_OUTCOMES.c.recorded_at >= since)
        .order_by(UNJOINED_OUTCOMES.c.recorded_at, UNJOINED_OUTCOMES.c.outcome_id)
        .limit(limit)
        .with_for_update(of=UNJOINED_OUTCOMES, skip_locked=True)
    )
    found = [UnjoinedOutcome(*row) for row in unit.connection.execute(query)]
    taken = [each.outcome_id for each in found]
    if taken:
        unit.connection.execute(
            sa.delete(UNJOINED_OUTCOMES).where(UNJOINED_OUTCOMES.c.outcome_id.in_(taken))
        )
    return found


def forget_unjoined_outcomes(unit: UnitOfWork, before: int, limit: int) -> int:
    """Delete up to `limit` outcomes that have waited since before an instant (µs); how many."""
    oldest = (
        sa.select(UNJOINED_OUTCOMES.c.outcome_id)
        .where(UNJOINED_OUTCOMES.c.recorded_at < before)
        .order_by(UNJOINED_OUTCOMES.c.recorded_at)
        .limit(limit)
    )
    statement = sa.delete(UNJOINED_OUTCOMES).where(UNJOINED_OUTCOMES.c.outcome_id.in_(oldest))
    return unit.connection.execute(statement).rowcount
