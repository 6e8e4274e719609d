"""The append-only event log: streams of events with gapless versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from chassis.core.event import Draft, Event, JointDraft
from chassis.database.bulk import TRANSACTION, RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS, STREAMS
from chassis.eventlog.append import OutboxEntry, first_id, write
from chassis.eventlog.incarnation import FIRST, Incarnation, newest

_STREAMS_A_QUERY = 100
HEADS_A_PAGE = 1_000

# Versions have no gaps, so the next :most events of a stream are the next :most versions.
_HISTORY = RowStatement(
    """
    SELECT events.stream_id, events.version, events.id, events.type, events.schema_version,
           events.data, events.metadata, events.occurred_at, events.recorded_at
    FROM {rows} JOIN events ON events.stream_id = text[stream]
    AND events.version > number[after]
    AND events.version <= number[after] + CAST(:most AS bigint)
    ORDER BY events.stream_id, events.version LIMIT CAST(:most AS bigint)
    """,
    EVENTS.c,
)
_HORIZON = {
    "postgresql": sa.text(
        "SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)"
    ),
    "sqlite": sa.text(f"SELECT {TRANSACTION['sqlite']}"),
}
_FIND = PreparedStatement(sa.select(EVENTS).where(among(EVENTS.c.id, "ids")))


@dataclass(frozen=True, slots=True)
class AppendResult:
    """What became of one draft: its event in the log, and whether that was there before.

    For a joint draft it is the copy in the first of its streams.
    """

    event: Event
    duplicate: bool


@dataclass(frozen=True, slots=True)
class DatedHead:
    """The last version of a stream and when it changed, by the clock of the machine that did (µs).

    Releases before this one compare these.
    """

    stream: str
    version: int
    changed_at: int


class HeadCursor(NamedTuple):
    """A place in the order of heads: by incarnation, transaction of the database, and stream.

    A log that is restored into another cluster may number its transactions anew.
    """

    incarnation: int
    changed_in: int
    stream: str


FIRST_HEADS = HeadCursor(FIRST, 0, "")


@dataclass(frozen=True, slots=True)
class Head:
    """The last version of a stream, and the number of the transaction that changed it.

    `incarnation` is that in which it changed, `restored_to` the version at which the present one of
    the log began for it.
    """

    stream: str
    version: int
    changed_in: int
    incarnation: int = FIRST
    restored_to: int = 0

    @property
    def cursor(self) -> HeadCursor:
        """Its place in the order of heads."""
        return HeadCursor(self.incarnation, self.changed_in, self.stream)


@dataclass(frozen=True, slots=True)
class HeadsPage:
    """Heads, and as they were read: the oldest transaction under way, and the log's incarnation.

    Before the `horizon` nothing changes any more: no transaction of a lower number is under way.
    """

    heads: Sequence[Head]
    horizon: int
    incarnation: int

    @property
    def end(self) -> HeadCursor:
        """The place of the horizon in the order of heads."""
        return HeadCursor(self.incarnation, self.horizon, "")


def read_horizon(connection: sa.Connection) -> int:
    """The oldest transaction under way, in whatever database of the server."""
    horizon: int = connection.execute(_HORIZON[connection.dialect.name]).scalar_one()
    return horizon


class EventLog:
    """The log of the service `source`.

    Versions are given under the lock of the stream's row, after duplicates have been removed, so
    that no version is lost. Streams are locked in sorted order. Two transactions that append the
    same new id collide on its unique key: the later one must be run again.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        self.incarnation = Incarnation()

    def append(
        self,
        connection: sa.Connection,
        drafts: Sequence[Draft | JointDraft],
        now: int,
        *,
        check_duplicates: bool = True,
        synchronous_commit: bool = True,
    ) -> tuple[list[AppendResult], OutboxEntry | None]:
        """Append what is new; returns a result for each draft, in order, and what to publish.

        A draft whose id is in the log, or comes earlier in `drafts`, is a duplicate: its result has
        the event that was first. Without `check_duplicates` the log is not searched, and a
        duplicate breaks the transaction with an IntegrityError. `now` is the time of recording.
        `synchronous_commit` is that of `UnitOfWork.append`; joint drafts ignore it.
        """
        ids = [first_id(draft) for draft in drafts]
        stored = self.find(connection, ids) if check_duplicates else {}
        fresh: dict[str, Draft | JointDraft] = {}
        for draft in drafts:
            if first_id(draft) not in stored:
                fresh.setdefault(first_id(draft), draft)
        entry = None
        if fresh:
            self.incarnation.check(connection)
            new, number = list(fresh.values()), self.incarnation.number
            entry = write(connection, self.source, new, now, synchronous_commit, number)
            stored |= {event.id: event for event in entry.events}
        return [AppendResult(stored[id_], fresh.pop(id_, None) is None) for id_ in ids], entry

    def find(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, Event]:
        """Those of `ids` that are in the log."""
        if not ids:
            return {}
        rows = _FIND.execute(connection, ids=ids)
        return {row.id: self._event(row) for row in rows}

    def history(
        self, connection: sa.Connection, after: Mapping[str, int], limit: int
    ) -> list[Event]:
        """Up to `limit` events of the streams in `after`, each past its version there.

        Sorted by stream and version. A stream whose events do not fit is cut and never skipped, so
        the same call with the versions reached goes on where this one ended.
        """
        self.incarnation.check(connection)
        events: list[Event] = []
        streams = sorted(after)
        for start in range(0, len(streams), _STREAMS_A_QUERY):
            wanted = streams[start : start + _STREAMS_A_QUERY]
            places = [{"stream": stream, "after": after[stream]} for stream in wanted]
            rows = _HISTORY.execute(connection, places, most=limit - len(events))
            events += [self._event(row) for row in rows]
            if len(events) >= limit:
                break
        return events

    def heads(self, connection: sa.Connection, after: HeadCursor, limit: int) -> HeadsPage:
        """Up to `limit` heads after a place in their order."""
        place = (STREAMS.c.incarnation, STREAMS.c.changed_in, STREAMS.c.stream_id)
        query = (
            sa.select(STREAMS)
            .where(sa.tuple_(*place) > sa.tuple_(*map(sa.literal, after)))
            .order_by(*place)
            .limit(limit)
        )
        return self._heads_page(connection, query)

    def heads_of(self, connection: sa.Connection, streams: Sequence[str]) -> HeadsPage:
        """The heads of those of `streams` that the log has."""
        return self._heads_page(
            connection, sa.select(STREAMS).where(STREAMS.c.stream_id.in_(streams))
        )

    def _heads_page(self, connection: sa.Connection, query: sa.Select[Any]) -> HeadsPage:
        self.incarnation.check(connection)
        # Before the heads: what commits meanwhile is then beyond the horizon.
        horizon = read_horizon(connection)
        incarnation, _ = newest(connection)
        self.incarnation.number = incarnation
        heads = [_head(row, incarnation) for row in connection.execute(query)]
        return HeadsPage(heads, horizon, incarnation)

    def dated_heads(
        self, connection: sa.Connection, changed_since: int, after: str, limit: int
    ) -> list[DatedHead]:
        """Up to `limit` heads after (`changed_since`, `after`), in order of their clocks."""
        place = sa.tuple_(STREAMS.c.changed_at, STREAMS.c.stream_id)
        query = (
            sa.select(STREAMS)
            .where(STREAMS.c.changed_at >= changed_since)
            .where(place > sa.tuple_(sa.literal(changed_since), sa.literal(after)))
            .order_by(STREAMS.c.changed_at, STREAMS.c.stream_id)
            .limit(limit)
        )
        return [DatedHead(r.stream_id, r.version, r.changed_at) for r in connection.execute(query)]

    def events_at(self, connection: sa.Connection, refs: Iterable[Sequence[Any]]) -> list[Event]:
        """The events at `refs`, pairs of stream and version."""
        self.incarnation.check(connection)
        wanted = sorted({(stream, version) for stream, version in refs})
        events: list[Event] = []
        for start in range(0, len(wanted), _STREAMS_A_QUERY):
            part = wanted[start : start + _STREAMS_A_QUERY]
            query = sa.select(EVENTS).where(
                sa.or_(*(sa.and_(EVENTS.c.stream_id == s, EVENTS.c.version == v) for s, v in part))
            )
            events += [self._event(row) for row in connection.execute(query)]
        return sorted(events, key=lambda event: (event.stream, event.version))

    def _event(self, row: Any) -> Event:
        return Event(
            id=row.id,
            source=self.source,
            type=row.type,
            stream=row.stream_id,
            version=row.version,
            data=row.data,
            occurred_at=row.occurred_at,
            recorded_at=row.recorded_at,
            schema_version=row.schema_version,
            metadata=row.metadata,
            incarnation=self.incarnation.number,
        )


def _head(row: Any, incarnation: int) -> Head:
    """A row of `streams`; if it has not changed since `incarnation` began, it began as it is."""
    restored_to = row.restored_to if row.incarnation >= incarnation else row.version
    return Head(row.stream_id, row.version, row.changed_in, row.incarnation, restored_to)
