"""How drafts become events: each gets the next version of its stream, under that row's lock."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import sqlalchemy as sa

from chassis.core.event import Draft, Event, JointDraft, copy_id, new_id
from chassis.core.json import dump_json
from chassis.database.bulk import TRANSACTION, RowStatement
from chassis.database.clock import NOW
from chassis.database.prepared import PreparedStatement
from chassis.eventlog import outbox

# The log's incarnation as the database has it, whatever this process knows of it by now.
_INCARNATION = """
    (SELECT coalesce(max(incarnation), 1) FROM log_incarnations)
"""
# What an append changes of a stream that is there: the first one in an incarnation of the log keeps
# the version at which that began.
_CHANGE = """
    changed_at = excluded.changed_at, changed_in = excluded.changed_in,
    restored_to = CASE WHEN streams.incarnation < excluded.incarnation
                       THEN streams.version ELSE streams.restored_to END,
    incarnation = CASE WHEN streams.incarnation < excluded.incarnation
                       THEN excluded.incarnation ELSE streams.incarnation END
"""
_ADVANCE = RowStatement(
    f"""
    INSERT INTO streams (stream_id, version, changed_at, changed_in, incarnation)
    SELECT text[stream], number[events], {{now}}, {{transaction}}, {_INCARNATION}
    FROM {{rows}} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET version = streams.version + excluded.version, {_CHANGE}
    RETURNING stream_id, version
    """  # noqa: S608 - made of constants
)
_STORE = RowStatement(
    """
    INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata, occurred_at,
                        recorded_at)
    SELECT text[stream], number[version], text[id], text[type], number[schema_version], json[data],
           json[metadata], number[occurred_at], CAST(:recorded_at AS bigint)
    FROM {rows}
    """
)
# PostgreSQL only: heads, events and the outbox's row at once. `followers` is how many events of the
# same stream come after this one.
_APPEND = RowStatement(
    f"""
    WITH draft AS MATERIALIZED (SELECT * FROM {{rows}}),
    advanced AS (
        INSERT INTO streams (stream_id, version, changed_at, changed_in, incarnation)
        SELECT text[stream], count(*), {{now}}, {{transaction}}, {_INCARNATION}
        FROM draft GROUP BY 1 ORDER BY 1
        ON CONFLICT (stream_id) DO UPDATE
        SET version = streams.version + excluded.version, {_CHANGE}
        RETURNING stream_id, version
    ),
    inserted AS (
        INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata,
                            occurred_at, recorded_at)
        SELECT stream_id, version - number[followers], text[id], text[type],
               number[schema_version], json[data], json[metadata], number[occurred_at],
               CAST(:recorded_at AS bigint)
        FROM draft JOIN advanced ON stream_id = text[stream]
        RETURNING stream_id, version
    ),
    queued AS (
        INSERT INTO outbox (id, refs, claimed_at)
        SELECT CAST(:row_id AS text), json_agg(json_build_array(stream_id, version)),
               {{now}}
        FROM inserted
    )
    SELECT stream_id, version,
           CASE WHEN NOT CAST(:synchronous_commit AS boolean)
                THEN set_config('synchronous_commit', 'off', true) END
    FROM advanced
    """  # noqa: S608 - made of constants
)
# The same for one event: most appends while a caller waits are of one.
_APPEND_ONE = PreparedStatement(
    sa.text(
        f"""
        WITH advanced AS (
            INSERT INTO streams (stream_id, version, changed_at, changed_in, incarnation)
            VALUES (:stream, 1, {NOW["postgresql"]}, {TRANSACTION["postgresql"]}, {_INCARNATION})
            ON CONFLICT (stream_id) DO UPDATE
            SET version = streams.version + 1, {_CHANGE}
            RETURNING stream_id, version
        ),
        inserted AS (
            INSERT INTO events (stream_id, version, id, type, schema_version, data, metadata,
                                occurred_at, recorded_at)
            SELECT stream_id, version, CAST(:id AS text), CAST(:type AS text),
                   CAST(:schema_version AS integer), CAST(:data AS json), CAST(:metadata AS json),
                   CAST(:occurred_at AS bigint), CAST(:recorded_at AS bigint)
            FROM advanced
        ),
        queued AS (
            INSERT INTO outbox (id, refs, claimed_at)
            SELECT CAST(:row_id AS text), json_build_array(json_build_array(stream_id, version)),
                   {NOW["postgresql"]}
            FROM advanced
        )
        SELECT stream_id, version,
               CASE WHEN NOT CAST(:synchronous_commit AS boolean)
                    THEN set_config('synchronous_commit', 'off', true) END
        FROM advanced
        """  # noqa: S608 - made of constants
    )
)


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """Events to publish, and the id of their row in the outbox."""

    row_id: str
    events: Sequence[Event]


def write(
    connection: sa.Connection,
    source: str,
    drafts: Sequence[Draft | JointDraft],
    now: int,
    synchronous_commit: bool,
    incarnation: int,
) -> OutboxEntry:
    """Append `drafts` to the log of `source`, with a row in the outbox."""
    row_id = new_id()
    followers = _followers(drafts)
    if connection.dialect.name == "postgresql" and all(isinstance(d, Draft) for d in drafts):
        plain = cast("Sequence[Draft]", drafts)
        stamps = {"row_id": row_id, "recorded_at": now}
        heads = _append(
            connection, plain, followers, synchronous_commit=synchronous_commit, **stamps
        )
        events = _numbered(source, drafts, followers, heads, now, incarnation)
        return OutboxEntry(row_id, events)
    counts = Counter(stream for draft in drafts for stream in _streams(draft))
    rows = [{"stream": stream, "events": counts[stream]} for stream in sorted(counts)]
    heads = _ADVANCE.execute(connection, rows)
    events = _numbered(source, drafts, followers, heads, now, incarnation)
    rows = [_row(event, version=event.version) for event in events]
    _STORE.execute(connection, rows, recorded_at=now)
    outbox.put(connection, row_id, events)
    return OutboxEntry(row_id, events)


def _append(
    connection: sa.Connection,
    drafts: Sequence[Draft],
    followers: Sequence[Mapping[str, int]],
    **parameters: Any,
) -> Iterable[Any]:
    """Append in one statement; the new heads of the streams."""
    if len(drafts) > 1:
        rows = [
            _row(draft, followers=after[draft.stream])
            for draft, after in zip(drafts, followers, strict=True)
        ]
        return _APPEND.execute(connection, rows, **parameters)
    (draft,) = drafts
    return _APPEND_ONE.execute(
        connection,
        stream=draft.stream,
        id=draft.id,
        type=draft.type,
        schema_version=draft.schema_version,
        data=dump_json(draft.data),
        metadata=dump_json(draft.metadata),
        occurred_at=draft.occurred_at,
        **parameters,
    )


def _numbered(
    source: str,
    drafts: Sequence[Draft | JointDraft],
    followers: Sequence[Mapping[str, int]],
    heads: Iterable[Any],
    now: int,
    incarnation: int,
) -> list[Event]:
    """The events of `drafts`, the last of which have the versions in `heads`."""
    last = {row.stream_id: row.version for row in heads}
    return [
        event
        for draft, after in zip(drafts, followers, strict=True)
        for event in _events_of(
            source,
            draft,
            {stream: last[stream] - after[stream] for stream in after},
            now,
            incarnation,
        )
    ]


def _events_of(
    source: str,
    draft: Draft | JointDraft,
    versions: Mapping[str, int],
    now: int,
    incarnation: int,
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
            id=_id_in(draft, stream),
            source=source,
            type=draft.type,
            stream=stream,
            version=versions[stream],
            data=data,
            occurred_at=draft.occurred_at,
            recorded_at=now,
            schema_version=draft.schema_version,
            metadata=metadata,
            incarnation=incarnation,
        )
        for stream in _streams(draft)
    ]


def _row(event: Draft | Event, **number: int) -> dict[str, Any]:
    return {
        "stream": event.stream,
        "id": event.id,
        "type": event.type,
        "schema_version": event.schema_version,
        "data": event.data,
        "metadata": event.metadata,
        "occurred_at": event.occurred_at,
        **number,
    }


def _followers(drafts: Sequence[Draft | JointDraft]) -> list[dict[str, int]]:
    """For each draft and each of its streams: how many later drafts go to that stream."""
    counts: Counter[str] = Counter()
    followers = []
    for draft in reversed(drafts):
        streams = _streams(draft)
        followers.append({stream: counts[stream] for stream in streams})
        counts.update(streams)
    return followers[::-1]


def first_id(draft: Draft | JointDraft) -> str:
    """The id of the event that a draft becomes; of a joint one, in the first of its streams."""
    return _id_in(draft, _streams(draft)[0])


def _id_in(draft: Draft | JointDraft, stream: str) -> str:
    return draft.id if isinstance(draft, Draft) else copy_id(draft.id, stream)


def _streams(draft: Draft | JointDraft) -> list[str]:
    return [draft.stream] if isinstance(draft, Draft) else sorted(draft.entries)
