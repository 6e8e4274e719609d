"""Where events went whose call may be made again."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import sqlalchemy as sa

from chassis import DAY
from chassis.database.bulk import RowStatement, among
from chassis.database.deletion import delete_oldest
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.observation import Observation
from services.identity.domain.state import IdentityState, KeptResolution
from services.identity.store.addresses import SIGHTINGS_OF_STREAMS, sightings_of_rows
from services.identity.store.tables import RESOLUTIONS
from services.identity.store.tenures import TENURES_OF_STREAMS, tenures_of_rows

_R = RESOLUTIONS.c
_KEPT_DAYS = 30
_KEPT = PreparedStatement(
    sa.select(_R.event_id, _R.digest, _R.stream_id, _R.came_from, _R.ignored).where(
        among(_R.event_id, "events")
    )
)
# Of two calls that run side by side, the first to resolve an event says where it goes.
_KEEP = RowStatement(
    """
    INSERT INTO resolutions (event_id, digest, stream_id, came_from, ignored, resolved_at)
    SELECT text[event_id], text[digest], text[stream], text[came_from], json[ignored], number[now]
    FROM {rows} WHERE true
    ON CONFLICT (event_id) DO NOTHING
    """
)


def load_resolutions(
    unit: UnitOfWork, state: IdentityState, observations: Collection[Observation]
) -> None:
    """Load into `state` where those of the events went that have been resolved before."""
    if not observations:
        return
    by_id = {each.event_id: each for each in observations}
    for row in _KEPT.execute(unit.connection, events=sorted(by_id)):
        if row.digest == by_id[row.event_id].digest:
            ignored = tuple((name, reason) for name, reason in row.ignored)
            state.kept[row.event_id] = KeptResolution(
                row.event_id, row.digest, row.stream_id, row.came_from, ignored
            )
    if not state.kept:
        return
    of_kept = ((each.stream, each.came_from) for each in state.kept.values())
    missing = sorted({stream for pair in of_kept for stream in pair if stream})
    rows = TENURES_OF_STREAMS.execute(unit.connection, streams=missing)
    state.load(tenures=tenures_of_rows(rows))
    rows = SIGHTINGS_OF_STREAMS.execute(unit.connection, streams=missing)
    state.load(sightings=sightings_of_rows(rows))


def keep_resolutions(unit: UnitOfWork, kept: Sequence[KeptResolution]) -> None:
    """Store where events went, in case that their call is made again."""
    rows = [
        {
            "event_id": each.event_id,
            "digest": each.digest,
            "stream": each.stream,
            "came_from": each.came_from,
            "ignored": each.ignored,
            "now": unit.now,
        }
        for each in sorted(kept)
    ]
    if rows:
        _KEEP.execute(unit.connection, rows)


def forget_resolutions(unit: UnitOfWork) -> int:
    """Delete some of what is kept for longer than a call is made again; how many."""
    before = unit.now - _KEPT_DAYS * DAY
    return delete_oldest(unit.connection, RESOLUTIONS, _R.resolved_at < before, _R.resolved_at)
