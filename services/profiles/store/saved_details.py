"""The addresses and payment methods that accounts keep, by stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.domain.saved_details import Details, tells_details, with_event
from services.profiles.store.tables import SAVED_DETAILS

_LOAD = PreparedStatement(
    sa.select(SAVED_DETAILS).where(among(SAVED_DETAILS.c.stream_id, "streams"))
)
_SAVE = RowStatement(
    """
    INSERT INTO saved_details (stream_id, state)
    SELECT text[stream], json[state] FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE SET state = excluded.state
    """
)


def keep_details(unit: UnitOfWork, events: Iterable[Event]) -> None:
    """Fold what events save and remove into the details of their streams.

    The caller has appended the events, or holds their streams locked as if it had.
    """
    telling = [event for event in events if tells_details(event)]
    if not telling:
        return
    details = load_details(unit, [event.stream for event in telling])
    for event in telling:
        details[event.stream] = with_event(details.get(event.stream, {}), event)
    _SAVE.execute(
        unit.connection,
        [{"stream": stream, "state": state} for stream, state in sorted(details.items())],
    )


def load_details(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, Details]:
    """The details of each of `streams` that has any."""
    rows = _LOAD.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: row.state for row in rows}
