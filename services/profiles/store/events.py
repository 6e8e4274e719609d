"""What is read of the log and its index, and appending to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis import Draft, JointDraft
from chassis.database.bulk import among
from chassis.database.prepared import PreparedStatement
from chassis.database.tables import EVENTS, STREAMS
from chassis.eventlog.log import AppendResult
from chassis.eventlog.unit_of_work import UnitOfWork
from contracts.event_types import RESERVED
from profile_index import apply_identity
from profile_index.tables import IDENTIFIERS, LABELS
from services.profiles.domain.timeline import TimelinePlace
from services.profiles.store.deferred import count_deferred
from services.profiles.store.saved_details import keep_details
from services.profiles.store.tables import SEALED_VALUES

# So many of the streams that changed last tell whether anything was recorded lately.
_LAST_STREAMS = 20
_EPOCHS = PreparedStatement(
    sa.select(LABELS.c.stream_id, LABELS.c.last_epoch).where(among(LABELS.c.stream_id, "streams"))
)


def epochs(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, int]:
    """The last epoch in our log of each of `streams` that is in it."""
    rows = _EPOCHS.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: row.last_epoch for row in rows}


def append(
    unit: UnitOfWork, facts: Sequence[JointDraft], drafts: Sequence[Draft | JointDraft]
) -> tuple[list[AppendResult], list[AppendResult]]:
    """Append identity's facts and then the events; the index follows in the same transaction.

    Returns the result of each, in order. What is in the log already is not appended again.
    """
    results = unit.append([*facts, *drafts])
    fact_results, event_results = results[: len(facts)], results[len(facts) :]
    apply_identity(unit, [fact.event for fact in fact_results if not fact.duplicate])
    keep_details(unit, [result.event for result in event_results if not result.duplicate])
    return fact_results, event_results


def timeline_places(
    unit: UnitOfWork,
    streams: Sequence[str],
    types: Sequence[str] | None,
    before: TimelinePlace | None,
    limit: int,
) -> list[TimelinePlace]:
    """The places of the events of streams, the newest first, that come before one of them."""
    place = [
        EVENTS.c.occurred_at,
        EVENTS.c.recorded_at,
        EVENTS.c.version,
        EVENTS.c.stream_id,
    ]
    query = sa.select(*place).where(among(EVENTS.c.stream_id, "streams"))
    if types:
        query = query.where(EVENTS.c.type.in_(types))
    if before:
        query = query.where(sa.tuple_(*place) < sa.tuple_(*map(sa.literal, before)))
    query = query.order_by(*(column.desc() for column in place)).limit(limit)
    rows = unit.connection.execute(query, {"streams": list(streams)})
    return [TimelinePlace(*row) for row in rows]


def known_keys(unit: UnitOfWork, start: str, limit: int) -> dict[str, str | None]:
    """The keys that begin with `start`, with the stream that each leads to, if to any."""
    found: dict[str, str | None] = {}
    for table, stream in ((SEALED_VALUES, sa.null()), (IDENTIFIERS, IDENTIFIERS.c.stream_id)):
        query = (
            sa.select(table.c.key, stream)
            .where(sa.func.substr(table.c.key, 1, len(start)) == start)
            .order_by(table.c.key)
            .limit(limit)
        )
        found |= {row[0]: row[1] for row in unit.connection.execute(query)}
    return found


def identifier_keys(unit: UnitOfWork, streams: Iterable[str]) -> list[str]:
    """The keys of the identifiers that lead to `streams`, sorted."""
    query = (
        sa.select(IDENTIFIERS.c.key)
        .where(IDENTIFIERS.c.stream_id.in_(sorted(set(streams))))
        .order_by(IDENTIFIERS.c.key)
    )
    return list(unit.connection.execute(query).scalars())


def statistics(unit: UnitOfWork) -> dict[str, int]:
    """How many events shops have sent, profiles, completed orders and streams there are."""
    events = sa.select(sa.func.count()).select_from(EVENTS)
    queries = {
        "events": events.where(EVENTS.c.type.not_in(sorted(RESERVED))),
        "profiles": sa.select(sa.func.count(LABELS.c.profile_id.distinct())),
        "orders": events.where(EVENTS.c.type == "order_completed"),
        "streams": sa.select(sa.func.count()).select_from(STREAMS),
    }
    counts = {name: unit.connection.execute(query).scalar_one() for name, query in queries.items()}
    return {**counts, "waiting": count_deferred(unit).waiting}


def recorded_lately(unit: UnitOfWork, seconds: float) -> bool:
    """Whether an event of a shop was recorded in the last seconds, as the last streams tell."""
    last = (
        sa.select(STREAMS.c.stream_id, STREAMS.c.version)
        .order_by(STREAMS.c.changed_in.desc(), STREAMS.c.stream_id.desc())
        .limit(_LAST_STREAMS)
        .subquery()
    )
    query = sa.select(EVENTS.c.recorded_at).where(
        EVENTS.c.stream_id == last.c.stream_id,
        EVENTS.c.version == last.c.version,
        EVENTS.c.type != "identity_changed",
        EVENTS.c.recorded_at > unit.now - int(seconds * 1_000_000),
    )
    return unit.connection.execute(query.limit(1)).first() is not None
