"""What segments says of itself: the streams that it has halted, the rules that stand still."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.store.tables import HALTED_IN_SEGMENTS, UNREADABLE_SEGMENTS


def load_halted_in_segments(unit: UnitOfWork) -> set[str]:
    """The streams of profiles that segments has halted, as far as offers knows."""
    return set(unit.connection.execute(sa.select(HALTED_IN_SEGMENTS.c.stream_id)).scalars())


def save_halted_in_segments(unit: UnitOfWork, streams: Collection[str]) -> None:
    """Keep the streams that segments has halted now, in place of those before."""
    stale = HALTED_IN_SEGMENTS.c.stream_id.not_in(streams)
    unit.connection.execute(sa.delete(HALTED_IN_SEGMENTS).where(stale))
    if new := [{"stream_id": stream} for stream in sorted(streams)]:
        statement = upsert(unit.connection, HALTED_IN_SEGMENTS)
        unit.connection.execute(statement.on_conflict_do_nothing(), new)


def load_unreadable_segments(unit: UnitOfWork) -> dict[str, int]:
    """The segments that stand still, and since when (µs), as far as offers knows."""
    rows = unit.connection.execute(sa.select(UNREADABLE_SEGMENTS))
    return {row.segment: row.since for row in rows}


def save_unreadable_segments(unit: UnitOfWork, segments: Mapping[str, int]) -> None:
    """Keep the segments that stand still now, in place of those before."""
    stale = UNREADABLE_SEGMENTS.c.segment.not_in(list(segments))
    unit.connection.execute(sa.delete(UNREADABLE_SEGMENTS).where(stale))
    for segment, since in sorted(segments.items()):
        statement = upsert(unit.connection, UNREADABLE_SEGMENTS).values(
            segment=segment, since=since
        )
        unit.connection.execute(
            statement.on_conflict_do_update(
                index_elements=[UNREADABLE_SEGMENTS.c.segment], set_={"since": since}
            )
        )
