"""Who carries which contact: what caps read of profiles' log."""

from __future__ import annotations

from collections.abc import Iterable

from chassis.database.bulk import RowStatement
from chassis.eventlog.unit_of_work import UnitOfWork

_CARRY = RowStatement(
    """
    INSERT INTO carried (contact, stream_id)
    SELECT text[contact], text[stream] FROM {rows} WHERE true
    ON CONFLICT (contact, stream_id) DO NOTHING
    """
)


def save_carried(unit: UnitOfWork, carried: Iterable[tuple[str, str]]) -> None:
    """Note that contacts were told in streams, as pairs of both."""
    rows = [{"contact": contact, "stream": stream} for contact, stream in sorted(set(carried))]
    if rows:
        _CARRY.execute(unit.connection, rows)
