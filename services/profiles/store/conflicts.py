"""Events that were not recorded as their id stands for another one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from chassis import DAY
from chassis.core.json import dump_json, load_json
from chassis.database.bulk import RowStatement
from chassis.database.deletion import delete_oldest
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.store.tables import CONFLICTS

_CONFLICT_DAYS = 90
_MOST_CONFLICTS = 10_000
_NOTE_CONFLICTS = RowStatement(
    """
    INSERT INTO conflicts (event_id, first_at, last_at, times, differing)
    SELECT text[event_id], number[now], number[now], 1, text[differing] FROM {rows} WHERE true
    ON CONFLICT (event_id) DO UPDATE
    SET last_at = excluded.last_at, times = conflicts.times + 1, differing = excluded.differing
    """
)


@dataclass(frozen=True, slots=True)
class EventConflict:
    """An event whose id stands for another one; instants are in microseconds."""

    event_id: str
    first_at: int
    last_at: int
    times: int
    differing: Sequence[str]


def note_conflicts(unit: UnitOfWork, conflicts: Mapping[str, Sequence[str]]) -> None:
    """Note events, by id, whose id stands for another one, with the fields that differ."""
    rows = [
        {"event_id": event_id, "now": unit.now, "differing": dump_json(list(conflicts[event_id]))}
        for event_id in sorted(conflicts)
    ]
    _NOTE_CONFLICTS.execute(unit.connection, rows)


def list_conflicts(unit: UnitOfWork, limit: int) -> list[EventConflict]:
    """The conflicts that were seen last."""
    query = sa.select(CONFLICTS).order_by(CONFLICTS.c.last_at.desc(), CONFLICTS.c.event_id)
    return [
        EventConflict(row.event_id, row.first_at, row.last_at, row.times, load_json(row.differing))
        for row in unit.connection.execute(query.limit(limit))
    ]


def forget_conflicts(unit: UnitOfWork) -> int:
    """Delete some of the conflicts that are old, or too many; how many."""
    last_at = CONFLICTS.c.last_at
    newest = sa.select(last_at).order_by(last_at.desc())
    limit = newest.offset(_MOST_CONFLICTS).limit(1).scalar_subquery()
    too_old = sa.or_(last_at < unit.now - _CONFLICT_DAYS * DAY, last_at <= limit)
    return delete_oldest(unit.connection, CONFLICTS, too_old, last_at)
