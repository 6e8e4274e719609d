"""Single events, for rules that read their data: the table and its statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement, among
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import occasion_of
from rules import FACTS as FACTS_OF_OTHERS
from rules import Fact
from services.segments.store.metadata import METADATA

# The events of each stream, as rules read them. Rows come in the order of time, so the small index
# by `at` finds those of a window, whosever they are.
FACTS = sa.Table(
    "facts",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("type", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("at", sa.BigInteger, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("data", sa.JSON, nullable=False, info=PERSONAL),
    # What decides how much of an event counts, for those who fold facts again.
    sa.Column(
        "by_browser", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    sa.Column(
        "is_unproven", sa.Boolean, nullable=False, server_default=sa.false(), info=NOT_PERSONAL
    ),
    sa.Index("facts_by_time", "at", postgresql_using="brin"),
)

_INSERT = RowStatement(
    """
    INSERT INTO facts (stream_id, type, at, version, data, by_browser, is_unproven)
    SELECT text[stream], text[type], number[at], number[version], json[data], flag[by_browser],
           flag[is_unproven]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id, type, at, version) DO NOTHING
    """
)
_LOAD = PreparedStatement(
    sa.select(FACTS.c.stream_id, FACTS.c.type, FACTS.c.at, FACTS.c.version, FACTS.c.data)
    .where(
        among(FACTS.c.stream_id, "streams"),
        among(FACTS.c.type, "types"),
        FACTS.c.at > sa.bindparam("after"),
    )
    .order_by(FACTS.c.at, FACTS.c.stream_id, FACTS.c.version)
)


def save_facts(unit: UnitOfWork, events: Iterable[Event]) -> None:
    """Keep what shoppers did; facts about whose something is are none of it."""
    rows = [
        {
            "stream": stream,
            "type": event.type,
            "at": event.occurred_at,
            "version": version,
            "data": event.data,
            "by_browser": occasion.by_browser,
            "is_unproven": occasion.is_unproven,
        }
        for event in events
        if event.type not in FACTS_OF_OTHERS
        for occasion in (occasion_of(event),)
        for stream, version in sorted(event.versions.items())
    ]
    if rows:
        _INSERT.execute(unit.connection, rows)


def load_facts(
    unit: UnitOfWork, profiles: Mapping[str, str], types: Iterable[str], after: int
) -> dict[str, dict[str, list[Fact]]]:
    """The events of these types later than `after`, by profile and type, in their order.

    `profiles` has the profile of each stream.
    """
    found: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    rows = _LOAD.execute(
        unit.connection, streams=sorted(profiles), types=sorted(set(types)), after=after
    )
    for row in rows:
        fact = Fact(row.at, f"{row.stream_id}/{row.version}", row.data)
        found[profiles[row.stream_id]][row.type].append(fact)
    return found
