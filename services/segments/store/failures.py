"""Profiles whose evaluation fails: they stay due, and are left alone for a while."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa

from chassis.database.clock import database_now
from chassis.database.deletion import delete_in_order
from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from services.segments.store.tables import FAILING

_LONGEST_PAUSE = 300  # seconds
_MOST_DOUBLINGS = 16


def postpone(unit: UnitOfWork, profile_id: str) -> int:
    """Leave a profile alone whose evaluation has failed; for how many seconds.

    The pause is twice as long after each failure, up to five minutes. The profile stays due.
    """
    query = sa.select(FAILING.c.failures).where(FAILING.c.profile_id == profile_id)
    failures = (unit.connection.execute(query).scalar() or 0) + 1
    seconds: int = min(2 ** min(failures - 1, _MOST_DOUBLINGS), _LONGEST_PAUSE)
    row = {"failures": failures, "try_at": database_now() + seconds * 1_000_000}
    statement = upsert(unit.connection, FAILING).values(profile_id=profile_id, **row)
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=[FAILING.c.profile_id], set_=row)
    )
    return seconds


def resume(unit: UnitOfWork, profile_ids: Collection[str]) -> None:
    """Leave none of these profiles alone any more: it was not theirs that evaluations failed."""
    delete_in_order(unit.connection, FAILING, FAILING.c.profile_id.in_(profile_ids))


def _count_failing(unit: UnitOfWork) -> list[Sample]:
    count = unit.connection.execute(sa.select(sa.func.count()).select_from(FAILING)).scalar_one()
    return [("cdp_evaluations_failing", [], count)]


EVALUATION_GAUGES = GaugeQuery(
    {"cdp_evaluations_failing": "Profiles whose segments cannot be evaluated."}, _count_failing
)
