"""The names of the fields that events have had: the table and its statements."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement
from chassis.database.personal import NOT_PERSONAL
from chassis.eventlog.unit_of_work import UnitOfWork
from rules import FACTS as FACTS_OF_OTHERS
from rules import SeenFields, recorded_names
from services.segments.store.metadata import METADATA

# Names without values, by the type of the events; the row of a type itself has an empty path. What
# values name, such as categories, has types that begin with = (`rules.recorded_values`).
FIELD_NAMES = sa.Table(
    "field_names",
    METADATA,
    sa.Column("event_type", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("path", sa.Text, primary_key=True, info=NOT_PERSONAL),
)

_INSERT = RowStatement(
    """
    INSERT INTO field_names (event_type, path) SELECT text[event_type], text[path] FROM {rows}
    WHERE true ON CONFLICT (event_type, path) DO NOTHING
    """
)


def note_fields(unit: UnitOfWork, seen: SeenFields, events: Iterable[Event]) -> None:
    """Keep the names that events have besides those `seen`, which this process knows are kept.

    What is inserted here is seen when it is read the next time: this transaction may not commit.
    """
    data = [
        named
        for event in events
        if event.type not in FACTS_OF_OTHERS
        for named in recorded_names(event.type, event.data)
    ]
    if not seen.unseen(data):
        return
    seen.learn(load_field_names(unit))
    if unseen := seen.unseen(data):
        rows = [{"event_type": event_type, "path": path} for event_type, path in unseen]
        _INSERT.execute(unit.connection, rows)


def load_field_names(unit: UnitOfWork) -> Sequence[tuple[str, str]]:
    """Every (type of events, dotted path) that is kept."""
    rows = unit.connection.execute(sa.select(FIELD_NAMES))
    return [(row.event_type, row.path) for row in rows]
