"""Single events, for rules that read their data: the table and its statements."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.event_types import without_details
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
# Of each stream the events of a type, each as far back as they are asked for.
_READ = RowStatement(
    """
    SELECT facts.stream_id, facts.type, facts.at, facts.version, facts.data
    FROM (SELECT text[stream] AS stream_id, text[type] AS type, number[after] AS after
          FROM {rows}) AS asked
    JOIN facts ON facts.stream_id = asked.stream_id AND facts.type = asked.type
              AND facts.at > asked.after
    ORDER BY facts.at, facts.stream_id, facts.version
    """,
    [FACTS.c.stream_id, FACTS.c.type, FACTS.c.at, FACTS.c.version, FACTS.c.data],
)


def save_facts(unit: UnitOfWork, events: Iterable[Event]) -> None:
    """Keep what shoppers did; facts about whose something is are none of it."""
    rows = [
        {
            "stream": stream,
            "type": event.type,
            "at": event.occurred_at,
            "version": version,
            "data": without_details(event.type, event.data),
            "by_browser": occasion.by_browser,
            "is_unproven": occasion.is_unproven,
        }
        for event in events
        if event.type not in FACTS_OF_OTHERS
        for occasion in (occasion_of(event, event.stream),)
        for stream, version in sorted(event.versions.items())
    ]
    if rows:
        _INSERT.execute(unit.connection, rows)


def load_facts(
    unit: UnitOfWork, profiles: Mapping[str, str], since: Mapping[str, int]
) -> dict[str, dict[str, list[Fact]]]:
    """The events of some types, by profile and type, in their order.

    `profiles` has the profile of each stream, and `since` says of each type the instant after which
    its events are read.
    """
    found: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    asked = [
        {"stream": stream, "type": event_type, "after": since[event_type]}
        for stream in sorted(profiles)
        for event_type in sorted(since)
    ]
    for row in _READ.execute(unit.connection, asked) if asked else ():
        found[profiles[row.stream_id]][row.type].append(_fact(row))
    return found


class UnreadFactsError(Exception):
    """A rule asks for events of a type later than an instant, which are to be read first."""

    def __init__(self, event_type: str, after: int) -> None:
        super().__init__(event_type)
        self.event_type = event_type
        self.after = after


class StoredFacts:
    """The events of a profile, of which those are read that a rule asks for.

    `since` says of each type how far back they can be asked for; of other types there are none.
    """

    __slots__ = ("_read", "_since", "_unit", "reads", "streams")

    def __init__(self, unit: UnitOfWork, streams: Sequence[str], since: Mapping[str, int]) -> None:
        self._unit = unit
        self.streams = streams
        self._since = since
        self._read: dict[str, tuple[int, Sequence[Fact]]] = {}
        self.reads = True
        """Whether it reads by itself; else what was not read raises UnreadFactsError"""

    def events(self, event_type: str, after: int | None = None) -> Sequence[Fact]:
        """Those of a type, see `rules.Facts`."""
        since = self._since.get(event_type)
        if since is None:
            return ()
        after = since if after is None else max(since, after)
        read = self._read.get(event_type)
        if read is None or read[0] > after:
            unread = UnreadFactsError(event_type, after)
            if not self.reads:
                raise unread
            read_facts(self._unit, [(self, unread)])
        return self._read[event_type][1]

    def keep(self, event_type: str, after: int, facts: Sequence[Fact]) -> None:
        """Have all events of a type that are later than `after`."""
        self._read[event_type] = after, facts


def read_facts(unit: UnitOfWork, unread: Sequence[tuple[StoredFacts, UnreadFactsError]]) -> None:
    """Read what is asked for of several profiles in one statement."""
    rows = [
        {"stream": stream, "type": asked.event_type, "after": asked.after}
        for facts, asked in unread
        for stream in facts.streams
    ]
    places = {stream: number for number, (of, _) in enumerate(unread) for stream in of.streams}
    facts_of: list[list[Fact]] = [[] for _ in unread]
    for row in _READ.execute(unit.connection, rows) if rows else ():
        facts_of[places[row.stream_id]].append(_fact(row))
    for (of, asked), facts in zip(unread, facts_of, strict=True):
        of.keep(asked.event_type, asked.after, facts)


def _fact(row: Any) -> Fact:
    return Fact(row.at, f"{row.stream_id}/{row.version}", row.data)
