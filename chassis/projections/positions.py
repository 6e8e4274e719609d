"""A subscriber's positions: of every stream, the version applied and the highest version seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import GAPS, POSITIONS
from chassis.eventlog.unit_of_work import UnitOfWork

_INSERT = RowStatement(
    """
    INSERT INTO positions (source, stream_id, version, seen, halted)
    SELECT :source, text[stream], 0, 0, false FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO NOTHING
    """
)
# Keys are materialized, so that each row is found by its whole key. Before the first ANALYZE of the
# table the planner takes the rows of a source for few, and would read all of them, even for each of
# these rows anew.
_LOCK = RowStatement(
    """
    WITH item AS MATERIALIZED (
        SELECT :source AS source, text[stream] AS stream_id FROM {rows}
    )
    SELECT positions.stream_id, positions.version, positions.seen, positions.halted
    FROM item JOIN positions
        ON positions.source = item.source AND positions.stream_id = item.stream_id
    ORDER BY positions.stream_id {lock}
    """
)
_SAVE = RowStatement(
    """
    WITH item AS MATERIALIZED (
        SELECT :source AS source, text[stream] AS stream_id, number[version] AS version,
               number[seen] AS seen, flag[halted] AS halted
        FROM {rows}
    )
    UPDATE positions
    SET version = item.version, seen = item.seen, halted = item.halted
    FROM item
    WHERE positions.source = item.source AND positions.stream_id = item.stream_id
    """
)
_OPEN_GAPS = RowStatement(
    """
    INSERT INTO position_gaps (source, stream_id)
    SELECT :source, text[stream] FROM {rows} WHERE true
    ON CONFLICT (source, stream_id) DO NOTHING
    """
)
_CLOSE_GAPS = PreparedStatement(
    sa.delete(GAPS).where(
        GAPS.c.source == sa.bindparam("source"), among(GAPS.c.stream_id, "streams")
    )
)
_LOAD = PreparedStatement(
    sa.select(POSITIONS).where(
        POSITIONS.c.source == sa.bindparam("source"), among(POSITIONS.c.stream_id, "streams")
    )
)
_WITH_GAPS = GAPS.join(
    POSITIONS,
    sa.and_(GAPS.c.source == POSITIONS.c.source, GAPS.c.stream_id == POSITIONS.c.stream_id),
)
_IN_GAPS = (
    sa.select(GAPS.c.stream_id, POSITIONS.c.version)
    .select_from(_WITH_GAPS)
    .where(GAPS.c.source == sa.bindparam("source"), GAPS.c.stream_id > sa.bindparam("after"))
    .where(POSITIONS.c.seen > POSITIONS.c.version)
    .order_by(GAPS.c.stream_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)
_AFTER = (
    sa.select(POSITIONS)
    .where(POSITIONS.c.source == sa.bindparam("source"))
    .where(POSITIONS.c.stream_id > sa.bindparam("after"))
    .order_by(POSITIONS.c.stream_id)
    .limit(sa.bindparam("limit", type_=sa.Integer))
)


class Position:
    """Where a subscriber is in one stream, whose row is locked; `save_positions` saves it."""

    __slots__ = ("_saved", "halted", "seen", "version")

    def __init__(self, version: int, seen: int, halted: bool) -> None:
        self.version = version
        self.seen = seen
        self.halted = halted
        self._saved = (version, seen, halted)

    @property
    def has_gap(self) -> bool:
        """Whether events were seen that are not applied yet."""
        return self.seen > self.version

    @property
    def had_gap(self) -> bool:
        """Whether it had a gap when its row was locked."""
        version, seen, _halted = self._saved
        return seen > version

    @property
    def has_changed(self) -> bool:
        """Whether anything is to be saved."""
        return (self.version, self.seen, self.halted) != self._saved


def lock_positions(unit: UnitOfWork, source: str, heads: Mapping[str, int]) -> dict[str, Position]:
    """Lock the rows of the streams in `heads`, created where missing.

    Positions are returned with `seen` raised to the heads, which is not saved yet. The rows go in
    sorted order, missing ones first: two transactions that want the same streams queue up and never
    wait for each other.
    """
    rows = [{"stream": stream} for stream in sorted(heads)]
    _INSERT.execute(unit.connection, rows, source=source)
    positions = {}
    # A statement of its own, which sees what others have committed while the first one waited.
    for row in _LOCK.execute(unit.connection, rows, source=source):
        position = Position(row.version, row.seen, bool(row.halted))
        position.seen = max(row.seen, heads[row.stream_id])
        positions[row.stream_id] = position
    return positions


def save_positions(unit: UnitOfWork, source: str, positions: Mapping[str, Position]) -> None:
    """Save what has changed of locked positions, each row once."""
    changed = {stream: p for stream, p in sorted(positions.items()) if p.has_changed}
    if not changed:
        return
    rows = [
        {"stream": stream, "version": p.version, "seen": p.seen, "halted": p.halted}
        for stream, p in changed.items()
    ]
    _SAVE.execute(unit.connection, rows, source=source)
    opened = [stream for stream, p in changed.items() if p.has_gap and not p.had_gap]
    closed = [stream for stream, p in changed.items() if p.had_gap and not p.has_gap]
    if opened:
        _OPEN_GAPS.execute(unit.connection, [{"stream": each} for each in opened], source=source)
    if closed:
        _CLOSE_GAPS.execute(unit.connection, source=source, streams=closed)


def note_heads(unit: UnitOfWork, source: str, heads: Mapping[str, int]) -> None:
    """Note that the streams of a source have at least the versions in `heads`."""
    save_positions(unit, source, lock_positions(unit, source, heads))


def lower_seen(unit: UnitOfWork, source: str, stream: str, seen: int, lower: int) -> None:
    """Forget versions that a source does not have, unless more was seen than `seen` meanwhile."""
    position = lock_positions(unit, source, {stream: 0})[stream]
    if position.seen == seen:
        position.seen = max(lower, position.version)
        save_positions(unit, source, {stream: position})


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
    query = _IN_GAPS.where(~POSITIONS.c.halted)
    parameters = {"source": source, "after": after, "limit": limit}
    return {row.stream_id: row.version for row in unit.connection.execute(query, parameters)}


def halted_streams(unit: UnitOfWork, source: str) -> list[str]:
    """The halted streams of a source, sorted."""
    query = sa.select(POSITIONS.c.stream_id).where(POSITIONS.c.source == source, POSITIONS.c.halted)
    return sorted(unit.connection.execute(query).scalars())


def halted_page(unit: UnitOfWork, source: str, after: str, limit: int) -> list[str]:
    """Up to `limit` halted streams of a source past `after`, in order."""
    # Only halted streams have a gap for long, and the table of gaps finds them.
    query = _IN_GAPS.where(POSITIONS.c.halted)
    parameters = {"source": source, "after": after, "limit": limit}
    return list(unit.connection.execute(query, parameters).scalars())


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
