"""The append-only event log: streams of events with gapless versions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.database import dump_json
from chassis.event import Draft, Event, JointDraft, copy_id
from chassis.rows import RowStatement
from chassis.schema import EVENTS, STREAMS

_STREAMS_A_QUERY = 100

_ADVANCE = RowStatement(
    """
    INSERT INTO streams (stream_id, version, changed_at)
    SELECT text[0], number[1], :changed_at FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET version = streams.version + excluded.version, changed_at = excluded.changed_at
    RETURNING stream_id, version
    """
)
_STORE = RowStatement(
    """
    INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata, occurred_at,
                        recorded_at)
    SELECT text[0], number[1], text[2], text[3], number[4], json[5], json[6], number[7], number[8]
    FROM {rows}
    """
)
_FIND = {
    "postgresql": sa.select(EVENTS).where(
        EVENTS.c.id.in_(sa.text("SELECT json_array_elements_text(CAST(:ids AS json))"))
    ),
    "sqlite": sa.select(EVENTS).where(
        EVENTS.c.id.in_(sa.text("SELECT value FROM json_each(:ids)"))
    ),
}


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of one draft: the event in the log, and whether it had been there before.

    Of a joint draft it is the copy in the first of its streams.
    """

    event: Event
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Head:
    """The last version of a stream and when it changed (the machine's clock, microseconds)."""

    stream: str
    version: int
    changed_at: int


class EventLog:
    """The log of the service `source`.

    Versions are given under the lock of the stream's row and after duplicates were removed, so
    that a version never vanishes. Streams are locked in sorted order. Two transactions that
    append the same new id collide on its unique key: the later one is to be run again.
    """

    def __init__(self, source: str) -> None:
        self.source = source

    def append(
        self,
        connection: sa.Connection,
        drafts: Sequence[Draft | JointDraft],
        now: int,
        *,
        look: bool = True,
    ) -> tuple[list[Appended], list[Event]]:
        """Append what is new; returns the outcome of each draft in order, and the new events.

        A draft whose id is in the log, or stands earlier in `drafts`, is a duplicate: its
        outcome is the event that was there first. Without `look` the log is not searched for
        duplicates, and one breaks the transaction with an IntegrityError. `now` is the time of
        recording.
        """
        ids = [_first_id(draft) for draft in drafts]
        known = self._events_by_id(connection, ids) if look else {}
        fresh: dict[str, Draft | JointDraft] = {}
        for draft in drafts:
            if _first_id(draft) not in known:
                fresh.setdefault(_first_id(draft), draft)
        events = self._number(connection, fresh.values(), now) if fresh else []
        self._store(connection, events)
        by_id = {event.id: event for event in events}
        appended = []
        for draft in drafts:
            first = _first_id(draft)
            new = fresh.pop(first, None) is not None
            appended.append(Appended(by_id[first] if first in by_id else known[first], not new))
        return appended, events

    def find(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, Event]:
        """Those of `ids` that are in the log."""
        return self._events_by_id(connection, ids)

    def history(
        self, connection: sa.Connection, after: Mapping[str, int], limit: int
    ) -> list[Event]:
        """Up to `limit` events of the streams in `after`, each from past the version given.

        Sorted by stream and version; a stream whose events do not fit is cut, never skipped
        over, so the same call with the versions reached goes on where this one ended.
        """
        events: list[Event] = []
        streams = sorted(after)
        for start in range(0, len(streams), _STREAMS_A_QUERY):
            wanted = streams[start : start + _STREAMS_A_QUERY]
            query = (
                sa.select(EVENTS)
                .where(
                    sa.or_(
                        *(
                            sa.and_(EVENTS.c.stream_id == s, EVENTS.c.version > after[s])
                            for s in wanted
                        )
                    )
                )
                .order_by(EVENTS.c.stream_id, EVENTS.c.version)
                .limit(limit - len(events))
            )
            events += [self._event(row) for row in connection.execute(query)]
            if len(events) >= limit:
                break
        return events

    def heads(
        self, connection: sa.Connection, changed_since: int, after: str, limit: int
    ) -> list[Head]:
        """Up to `limit` heads past the place (`changed_since`, `after`), in order of change."""
        place = sa.tuple_(STREAMS.c.changed_at, STREAMS.c.stream_id)
        query = (
            sa.select(STREAMS)
            .where(STREAMS.c.changed_at >= changed_since)
            .where(place > sa.tuple_(sa.literal(changed_since), sa.literal(after)))
            .order_by(STREAMS.c.changed_at, STREAMS.c.stream_id)
            .limit(limit)
        )
        return [Head(r.stream_id, r.version, r.changed_at) for r in connection.execute(query)]

    def events_at(self, connection: sa.Connection, refs: Iterable[Sequence[Any]]) -> list[Event]:
        """The events at `refs`, pairs of stream and version."""
        wanted = sorted({(stream, version) for stream, version in refs})
        found: list[Event] = []
        for start in range(0, len(wanted), _STREAMS_A_QUERY):
            part = wanted[start : start + _STREAMS_A_QUERY]
            query = sa.select(EVENTS).where(
                sa.or_(*(sa.and_(EVENTS.c.stream_id == s, EVENTS.c.version == v) for s, v in part))
            )
            found += [self._event(row) for row in connection.execute(query)]
        return sorted(found, key=lambda event: (event.stream, event.version))

    def _events_by_id(self, connection: sa.Connection, ids: Sequence[str]) -> dict[str, Event]:
        if not ids:
            return {}
        query = _FIND[connection.dialect.name]
        rows = connection.execute(query, {"ids": dump_json(list(ids))})
        return {row.id: self._event(row) for row in rows}

    def _number(
        self, connection: sa.Connection, drafts: Iterable[Draft | JointDraft], now: int
    ) -> list[Event]:
        drafts = list(drafts)
        counts = Counter(stream for draft in drafts for stream in _streams(draft))
        heads = self._advance(connection, counts)
        following = {stream: heads[stream] - count for stream, count in counts.items()}
        events: list[Event] = []
        for draft in drafts:
            for stream in _streams(draft):
                following[stream] += 1
            events += self._events_of(draft, following, now)
        return events

    def _advance(self, connection: sa.Connection, counts: Mapping[str, int]) -> dict[str, int]:
        """Lock the streams' rows, making those that are new, and move their heads on."""
        rows = [[stream, counts[stream]] for stream in sorted(counts)]
        heads = _ADVANCE.execute(connection, rows, changed_at=time.time_ns() // 1_000)
        return {row.stream_id: row.version for row in heads}

    def _events_of(
        self, draft: Draft | JointDraft, versions: Mapping[str, int], now: int
    ) -> list[Event]:
        metadata = draft.metadata
        data: Mapping[str, Any] = draft.data
        if isinstance(draft, JointDraft):
            entries = [
                {"stream": stream, "version": versions[stream], **draft.entries[stream]}
                for stream in sorted(draft.entries)
            ]
            data = {**draft.data, "fact_id": draft.id, "streams": entries}
            metadata = {**metadata, "joint": True}
        return [
            Event(
                id=draft.id if isinstance(draft, Draft) else copy_id(draft.id, stream),
                source=self.source,
                type=draft.type,
                stream=stream,
                version=versions[stream],
                data=data,
                occurred_at=draft.occurred_at,
                recorded_at=now,
                schema_version=draft.schema_version,
                metadata=metadata,
            )
            for stream in _streams(draft)
        ]

    def _store(self, connection: sa.Connection, events: Sequence[Event]) -> None:
        rows = [
            [
                event.stream,
                event.version,
                event.id,
                event.type,
                event.schema_version,
                event.data,
                event.metadata,
                event.occurred_at,
                event.recorded_at,
            ]
            for event in events
        ]
        if rows:
            _STORE.execute(connection, rows)

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
        )


def _streams(draft: Draft | JointDraft) -> list[str]:
    return [draft.stream] if isinstance(draft, Draft) else sorted(draft.entries)


def _first_id(draft: Draft | JointDraft) -> str:
    return draft.id if isinstance(draft, Draft) else copy_id(draft.id, min(draft.entries))
