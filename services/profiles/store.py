"""The tables and queries of profiles: its log, and the directory kept in step with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis import Draft, JointDraft
from chassis.log import Appended
from chassis.schema import EVENTS, STREAMS
from chassis.work import Unit
from directory import apply_identity, load_summaries, save_summaries
from directory.tables import IDENTIFIERS, LABELS
from rules import Summary

_PAGE = 1_000
# A summary is stored again once this many events have come after the one in the table.
_TAIL = 20


def epochs(unit: Unit, streams: Iterable[str]) -> dict[str, int]:
    """The last epoch in our log of each of `streams` that is in it."""
    query = sa.select(LABELS.c.stream_id, LABELS.c.epoch).where(
        LABELS.c.stream_id.in_(sorted(set(streams)))
    )
    return {row.stream_id: row.epoch for row in unit.connection.execute(query)}


def append(
    unit: Unit, facts: Sequence[JointDraft], drafts: Sequence[Draft]
) -> tuple[list[Appended], list[Appended]]:
    """Append identity's facts and then the events; labels follow in the same transaction.

    Returns the outcome of each, in order. What is in the log already is not appended again.
    """
    outcomes = unit.append([*facts, *drafts])
    told, recorded = outcomes[: len(facts)], outcomes[len(facts) :]
    apply_identity(unit.connection, [fact.event for fact in told if not fact.duplicate])
    return told, recorded


def summaries(unit: Unit, streams: Sequence[str]) -> dict[str, tuple[int, Summary]]:
    """The version and summary of each stream as of now, whatever the table of summaries holds."""
    stored = load_summaries(unit.connection, streams)
    current: dict[str, tuple[int, Summary]] = {}
    for stream in streams:
        version, state = stored.get(stream, (0, {}))
        current[stream] = (version, Summary.load(state))
    while True:
        after = {stream: version for stream, (version, _) in current.items()}
        events = unit.history(after, _PAGE)
        for event in events:
            summary = current[event.stream][1]
            summary.add(event.type, event.data, event.occurred_at, event.id)
            current[event.stream] = (event.version, summary)
        if len(events) < _PAGE:
            break
    save_summaries(
        unit.connection,
        {
            stream: (version, summary.dump())
            for stream, (version, summary) in current.items()
            if version - stored.get(stream, (0, None))[0] >= _TAIL
        },
    )
    return current


def identifier_keys(unit: Unit, streams: Iterable[str]) -> list[str]:
    """The keys of the identifiers that lead to `streams`, sorted."""
    query = (
        sa.select(IDENTIFIERS.c.key)
        .where(IDENTIFIERS.c.stream_id.in_(sorted(set(streams))))
        .order_by(IDENTIFIERS.c.key)
    )
    return list(unit.connection.execute(query).scalars())


def statistics(unit: Unit) -> dict[str, int]:
    """How many events shops have sent, profiles, completed orders and streams there are."""
    events = sa.select(sa.func.count()).select_from(EVENTS)
    queries = {
        "events": events.where(EVENTS.c.type != "identity_changed"),
        "profiles": sa.select(sa.func.count(LABELS.c.profile_id.distinct())),
        "orders": events.where(EVENTS.c.type == "order_completed"),
        "streams": sa.select(sa.func.count()).select_from(STREAMS),
    }
    return {name: unit.connection.execute(query).scalar_one() for name, query in queries.items()}
