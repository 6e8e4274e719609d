"""A subscriber's positions: of every stream, the version applied and the highest version seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork

_LOCK = RowStatement(
    """
    INSERT INTO positions (source, stream_id, version, seen, halted)
    SELECT :source, text[stream], 0, number[seen], false FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO UPDATE
    SET seen = CASE WHEN excluded.seen > positions.seen THEN excluded.seen ELSE positions.seen END
    RETURNING stream_id, version, seen, halted
    """
)
_SAVE = RowStatement(
    """
    INSERT INTO positions (source, stream_id, version, seen, halted)
    SELECT :source, text[stream], number[version], number[seen], flag[halted]
    FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO UPDATE
    SET version = excluded.version, seen = excluded.seen, halted = excluded.halted
    """
)
_LOAD = PreparedStatement(
    sa.select(POSITIONS).where(
        POSITIONS.c.source == sa.bindparam("source"), among(POSITIONS.c.stream_id, "streams")
    )
)
_LAGGING = (
    sa.select(POSITIONS.c.stream_id, POSITIONS.c.version)
    .where(POSITIONS.c.source == sa.bindparam("source"))
    .where(POSITIONS.c.stream_id > sa.bindparam("after"))
    .where(POSITIONS.c.seen > POSITIONS.c.version, ~POSITIONS.c.halted)
    .order_by(POSITIONS.c.stream_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_AFTER = (
    sa.select(POSITIONS)
    .where(POSITIONS.c.source == sa.bindparam("source"))
    .where(POSITIONS.c.stream_id > sa.bindparam("after"))
    .order_by(POSITIONS.c.stream_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


@dataclass(slots=True)
class Position:
    """Where a subscriber is in one stream."""

    version: int
    seen: int
    halted: bool


def lock_positions(unit: UnitOfWork, source: str, heads: Mapping[str, int]) -> dict[str, Position]:
    """Lock the rows of the streams in `heads`, created where missing, and raise `seen` to them.

    The rows go in sorted order: two transactions that want the same streams queue up and never
    wait for each other.
    """
    rows = [{"stream": stream, "seen": heads[stream]} for stream in sorted(heads)]
    result = _LOCK.execute(unit.connection, rows, source=source)
    return {r.stream_id: Position(r.version, r.seen, bool(r.halted)) for r in result}


def save_positions(unit: UnitOfWork, source: str, positions: Mapping[str, Position]) -> None:
    """Save positions, whose rows are locked."""
    rows = [
        {"stream": stream, "version": p.version, "seen": p.seen, "halted": p.halted}
        for stream, p in sorted(positions.items())
    ]
    _SAVE.execute(unit.connection, rows, source=source)


def load_positions(unit: UnitOfWork, source: str, streams: Sequence[str]) -> Sequence[Any]:
    """The rows of those of `streams` that have one."""
    return _LOAD.execute(unit.connection, source=source, streams=streams)


def positions_after(unit: UnitOfWork, source: str, after: str, limit: int) -> Sequence[Any]:
    """The rows of up to `limit` streams past `after`, in order."""
    parameters = {"source": source, "after": after, "limit": limit}
    return unit.connection.execute(_AFTER, parameters).all()


def ahead_streams(unit: UnitOfWork, source: str, after: str, limit: int) -> Sequence[Any]:
    """The rows of up to `limit` streams past `after` of which the source has lost a part."""
    query = _AFTER.where(POSITIONS.c.restored_to.is_not(None))
    parameters = {"source": source, "after": after, "limit": limit}
    return unit.connection.execute(query, parameters).all()


def lagging_streams(unit: UnitOfWork, source: str, after: str, limit: int) -> dict[str, int]:
    """Up to `limit` lagging streams past `after`, in order: stream -> version applied.

    Halted streams are left out.
    """
    parameters = {"source": source, "after": after, "limit": limit}
    return {row.stream_id: row.version for row in unit.connection.execute(_LAGGING, parameters)}


def halted_streams(unit: UnitOfWork, source: str) -> list[str]:
    """The halted streams of a source, sorted."""
    query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.source == source, POSITIONS.c.halted)
    return sorted(unit.connection.execute(query).scalars())


def halted_page(unit: UnitOfWork, source: str, after: str, limit: int) -> list[str]:
    """Up to `limit` halted streams of a source past `after`, in order."""
    query = (
        sa.select(POSITIONS.c.stream_id)
        .where(POSITIONS.c.source == source, POSITIONS.c.halted)
        # Only halted streams have both, and the index of what lags finds them.
        .where(POSITIONS.c.seen > POSITIONS.c.version, POSITIONS.c.stream_id > after)
        .order_by(POSITIONS.c.stream_id)
        .limit(limit)
    )
    return list(unit.connection.execute(query).scalars())


def count_events(unit: UnitOfWork, source: str) -> tuple[int, int]:
    """How many events of a source were applied, and how many were seen."""
    query = sa.select(sa.func.sum(POSITIONS.c.version), sa.func.sum(POSITIONS.c.seen))
    applied, seen = unit.connection.execute(query.where(POSITIONS.c.source == source)).one()
    return int(applied or 0), int(seen or 0)


def count_ahead(unit: UnitOfWork) -> tuple[int, int]:
    """In how many streams we are ahead of a restored source, and by how many events."""
    events = sa.func.sum(POSITIONS.c.version - POSITIONS.c.restored_to)
    query = sa.select(sa.func.count(), events).where(POSITIONS.c.restored_to.is_not(None))
    row = unit.connection.execute(query).one()
    return int(row[0]), int(row[1] or 0)


def count_all(unit: UnitOfWork) -> tuple[int, int]:
    """How many events of all sources were applied, and how many streams are halted."""
    halted = sa.func.sum(sa.case((POSITIONS.c.halted, 1), else_=0))
    row = unit.connection.execute(sa.select(sa.func.sum(POSITIONS.c.version), halted)).one()
    return int(row[0] or 0), int(row[1] or 0)
