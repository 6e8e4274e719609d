"""Dead letters: events that could not be applied, listed, and redriven once the cause is fixed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import RowMapping

from chassis.core.errors import NotFound
from chassis.core.instants import format_instant
from chassis.database.tables import DEAD_LETTERS, POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork


def list_dead_letters(
    unit: UnitOfWork, limit: int, *, include_redriven: bool
) -> list[dict[str, Any]]:
    """The newest `limit` dead letters."""
    query = sa.select(DEAD_LETTERS).order_by(DEAD_LETTERS.c.id.desc()).limit(limit)
    if not include_redriven:
        query = query.where(DEAD_LETTERS.c.redriven_at.is_(None))
    return [_letter(row) for row in unit.connection.execute(query).mappings()]


def load_dead_letter(unit: UnitOfWork, letter: str) -> dict[str, Any]:
    """One dead letter; NotFound if there is none of that id."""
    query = sa.select(DEAD_LETTERS).where(DEAD_LETTERS.c.id == letter)
    row = unit.connection.execute(query).mappings().one_or_none()
    if row is None:
        raise NotFound("dead letter", f"there is none with id {letter}; list them for their ids")
    return _letter(row)


def redrive(unit: UnitOfWork, letter: str) -> dict[str, Any]:
    """End the halt of a dead letter's streams, whose events are then fetched and applied.

    A letter that was redriven before changes nothing: a later halt has a letter of its own.
    """
    stored = load_dead_letter(unit, letter)
    if stored["redriven_at"] is not None:
        return stored
    halt = sa.and_(
        POSITIONS.c.source == stored["source"], POSITIONS.c.stream_id.in_(stored["streams"])
    )
    unit.connection.execute(sa.update(POSITIONS).where(halt).values(halted=False))
    unit.connection.execute(
        sa.update(DEAD_LETTERS).where(DEAD_LETTERS.c.id == letter).values(redriven_at=unit.now)
    )
    return load_dead_letter(unit, letter)


def _letter(row: RowMapping) -> dict[str, Any]:
    instants = {
        name: None if row[name] is None else format_instant(row[name])
        for name in ("died_at", "redriven_at")
    }
    names = ("id", "source", "streams", "version", "event_id", "type", "reason")
    return {**{name: row[name] for name in names}, **instants}
