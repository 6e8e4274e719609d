"""The append-only event log: streams of events with gapless versions."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from chassis import outbox
from chassis.event import Draft, Event, JointDraft, copy_id, new_id
from chassis.plain import dump_json
from chassis.prepared import Prepared
from chassis.rows import RowStatement, among
from chassis.schema import EVENTS, STREAMS

_STREAMS_A_QUERY = 100
HEADS_A_PAGE = 1_000

_ADVANCE = RowStatement(
    """
    INSERT INTO streams (stream_id, version, changed_at)
    SELECT text[0], number[1], CAST(:changed_at AS bigint) FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET version = streams.version + excluded.version, changed_at = excluded.changed_at
    RETURNING stream_id, version
    """
)
_STORE = RowStatement(
    """
    INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata, occurred_at,
                        recorded_at)
    SELECT text[0], number[1], text[2], text[3], number[4], json[5], json[6], number[7],
           CAST(:recorded_at AS bigint)
    FROM {rows}
    """
)
# PostgreSQL only: heads, events and the outbox's row at once. number[1] is how many events of the
# same stream come after this one.
_APPEND = RowStatement(
    """
    WITH draft AS MATERIALIZED (SELECT * FROM {rows}),
    advanced AS (
        INSERT INTO streams (stream_id, version, changed_at)
        SELECT text[0], count(*), CAST(:changed_at AS bigint) FROM draft GROUP BY 1 ORDER BY 1
        ON CONFLICT (stream_id) DO UPDATE
        SET version = streams.version + excluded.version, changed_at = excluded.changed_at
        RETURNING stream_id, version
    ),
    stored AS (
        INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata,
                            occurred_at, recorded_at)
        SELECT stream_id, version - number[1], text[2], text[3], number[4], json[5], json[6],
               number[7], CAST(:recorded_at AS bigint)
        FROM draft JOIN advanced ON stream_id = text[0]
        RETURNING stream_id, version
    ),
    noted AS (
        INSERT INTO outbox (id, refs, claimed_at)
        SELECT CAST(:row_id AS text), json_agg(json_build_array(stream_id, version)),
               CAST(:changed_at AS bigint)
        FROM stored
    )
    SELECT stream_id, version,
           CASE WHEN CAST(:relaxed AS boolean)
                THEN set_config('synchronous_commit', 'off', true) END
    FROM advanced
    """
)
# The same for one event, which is most of what is appended while somebody waits.
_APPEND_ONE = Prepared(
    sa.text(
        """
        WITH advanced AS (
            INSERT INTO streams (stream_id, version, changed_at)
            VALUES (:stream, 1, :changed_at)
            ON CONFLICT (stream_id) DO UPDATE
            SET version = streams.version + 1, changed_at = excluded.changed_at
            RETURNING stream_id, version
        ),
        stored AS (
            INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata,
                                occurred_at, recorded_at)
            SELECT stream_id, version, CAST(:id AS text), CAST(:type AS text),
                   CAST(:schema_version AS integer), CAST(:data AS json), CAST(:metadata AS json),
                   CAST(:occurred_at AS bigint), CAST(:recorded_at AS bigint)
            FROM advanced
        ),
        noted AS (
            INSERT INTO outbox (id, refs, claimed_at)
            SELECT CAST(:row_id AS text), json_build_array(json_build_array(stream_id, version)),
                   CAST(:changed_at AS bigint)
            FROM advanced
        )
        SELECT stream_id, version,
               CASE WHEN CAST(:relaxed AS boolean)
                    THEN set_config('synchronous_commit', 'off', true) END
        FROM advanced
        """
    )
)
# As versions have no gaps, the next events of a stream are those up to so many versions further.
_HISTORY = RowStatement(
    """
    SELECT events.stream_id, events.version, events.id, events.type, events.schema_version,
           events.data, events.metadata, events.occurred_at, events.recorded_at
    FROM {rows} JOIN events ON events.stream_id = text[0]
    AND events.version > number[1] AND events.version <= number[1] + CAST(:most AS bigint)
    ORDER BY events.stream_id, events.version LIMIT CAST(:most AS bigint)
    """,
    EVENTS.c,
)
_FIND = Prepared(sa.select(EVENTS).where(among(EVENTS.c.id, "ids")))


@dataclass(frozen=True, slots=True)
class Appended:
    """The outcome of one draft: the event in the log, and whether it had been there before.

    Of a joint draft it is the copy in the first of its streams.
    """

    event: Event
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Published:
    """Events that are to be published, and their row in the outbox."""

    row_id: str
    events: Sequence[Event]


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
        relaxed: bool = False,
    ) -> tuple[list[Appended], Published | None]:
        """Append what is new; returns the outcome of each draft in order, and what to publish.

        A draft whose id is in the log, or stands earlier in `drafts`, is a duplicate: its
        outcome is the event that was there first. Without `look` the log is not searched for
        duplicates, and one breaks the transaction with an IntegrityError. `now` is the time of
        recording. For `relaxed` see `Unit.append`; it is heeded for plain drafts.
        """
        ids = [_first_id(draft) for draft in drafts]
        known = self._events_by_id(connection, ids) if look else {}
        fresh: dict[str, Draft | JointDraft] = {}
        for draft in drafts:
            if _first_id(draft) not in known:
                fresh.setdefault(_first_id(draft), draft)
        published = None
        if fresh:
            published = self._write(connection, list(fresh.values()), now, relaxed)
            known |= {event.id: event for event in published.events}
        return [Appended(known[id_], fresh.pop(id_, None) is None) for id_ in ids], published

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
            places = [(stream, after[stream]) for stream in wanted]
            found = _HISTORY.execute(connection, places, most=limit - len(events))
            events += [self._event(row) for row in found]
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
        rows = _FIND.execute(connection, ids=ids)
        return {row.id: self._event(row) for row in rows}

    def _write(
        self,
        connection: sa.Connection,
        drafts: Sequence[Draft | JointDraft],
        now: int,
        relaxed: bool,
    ) -> Published:
        """Append, and put what is to be published into the outbox."""
        row_id, changed_at = new_id(), time.time_ns() // 1_000
        followers = _followers(drafts)
        if connection.dialect.name == "postgresql" and all(isinstance(d, Draft) for d in drafts):
            plain = cast("Sequence[Draft]", drafts)
            rows = [_row(d.stream, n[d.stream], d) for d, n in zip(plain, followers, strict=True)]
            noted = {"row_id": row_id, "changed_at": changed_at, "recorded_at": now}
            if len(rows) == 1:
                heads = _append_one(connection, plain[0], relaxed=relaxed, **noted)
            else:
                heads = _APPEND.execute(connection, rows, relaxed=relaxed, **noted)
            return Published(row_id, self._numbered(drafts, followers, heads, now))
        counts = Counter(stream for draft in drafts for stream in _streams(draft))
        rows = [[stream, counts[stream]] for stream in sorted(counts)]
        heads = _ADVANCE.execute(connection, rows, changed_at=changed_at)
        events = self._numbered(drafts, followers, heads, now)
        rows = [_row(event.stream, event.version, event) for event in events]
        _STORE.execute(connection, rows, recorded_at=now)
        outbox.put(connection, row_id, events)
        return Published(row_id, events)

    def _numbered(
        self,
        drafts: Sequence[Draft | JointDraft],
        followers: Sequence[Mapping[str, int]],
        heads: Iterable[Any],
        now: int,
    ) -> list[Event]:
        """The events of `drafts`, their streams having come to `heads` with the last of them."""
        last = {row.stream_id: row.version for row in heads}
        return [
            event
            for draft, after in zip(drafts, followers, strict=True)
            for event in self._events_of(
                draft, {stream: last[stream] - after[stream] for stream in after}, now
            )
        ]

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


def _row(stream: str, number: int, told: Draft | Event) -> list[Any]:
    return [
        stream,
        number,
        told.id,
        told.type,
        told.schema_version,
        told.data,
        told.metadata,
        told.occurred_at,
    ]


def _append_one(connection: sa.Connection, draft: Draft, **noted: Any) -> Iterable[Any]:
    return _APPEND_ONE.execute(
        connection,
        stream=draft.stream,
        id=draft.id,
        type=draft.type,
        schema_version=draft.schema_version,
        data=dump_json(draft.data),
        metadata=dump_json(draft.metadata),
        occurred_at=draft.occurred_at,
        **noted,
    )


def _followers(drafts: Sequence[Draft | JointDraft]) -> list[dict[str, int]]:
    """Of each draft, how many of the later ones go to each of its streams."""
    counts: Counter[str] = Counter()
    followers = []
    for draft in reversed(drafts):
        streams = _streams(draft)
        followers.append({stream: counts[stream] for stream in streams})
        counts.update(streams)
    return followers[::-1]


def _streams(draft: Draft | JointDraft) -> list[str]:
    return [draft.stream] if isinstance(draft, Draft) else sorted(draft.entries)


def _first_id(draft: Draft | JointDraft) -> str:
    return draft.id if isinstance(draft, Draft) else copy_id(draft.id, min(draft.entries))
