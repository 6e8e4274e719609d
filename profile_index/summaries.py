"""Summaries: one row of plain JSON for each stream, and the version that it goes up to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import Any, Protocol

import sqlalchemy as sa

from chassis import Event
from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import SUMMARIES
from rules import FACTS, Occasion, Summary, order_of

_SAVE = RowStatement(
    """
    INSERT INTO summaries (stream_id, version, state)
    SELECT text[stream], number[version], json[summary] FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET version = excluded.version, state = excluded.state
    WHERE excluded.version > summaries.version
    """
)
_LOAD = PreparedStatement(sa.select(SUMMARIES).where(among(SUMMARIES.c.stream_id, "streams")))


class SummaryArchive(Protocol):
    """Where a service has the orders of which its summaries keep the totals alone."""

    def bring_back(self, summaries: Mapping[str, Summary], touched: Mapping[str, Set[str]]) -> None:
        """Let summaries have the orders of theirs that events are about, by stream."""
        ...

    def put_away(self, summaries: Mapping[str, Summary]) -> None:
        """Take out of summaries what is archived, before they are stored."""
        ...


class _NoArchive:
    def bring_back(self, summaries: Mapping[str, Summary], touched: Mapping[str, Set[str]]) -> None:
        del summaries, touched

    def put_away(self, summaries: Mapping[str, Summary]) -> None:
        del summaries


_NO_ARCHIVE = _NoArchive()


def fold_events(summaries: dict[str, Summary], events: Iterable[Event]) -> None:
    """Add each event to the summary of its stream, which begins here if it is not there yet.

    The events of a stream come in its order.
    """
    for event in events:
        summary = summaries.get(event.stream)
        if summary is None:
            summary = summaries[event.stream] = Summary()
        _add(summary, event, event.stream, occasion_of(event, event.stream))


def update_summaries(
    unit: UnitOfWork, events: Sequence[Event], archive: SummaryArchive = _NO_ARCHIVE
) -> dict[str, Summary]:
    """Fold events into the stored summaries of all their streams; returns these summaries.

    The caller holds the streams locked, and passes the events of each in order, a joint fact once.
    """
    folded = [
        (event, stream, occasion_of(event, stream))
        for event in events
        for stream in _folded_into(event)
    ]
    versions = {stream: event.versions[stream] for event, stream, _ in folded}
    if not versions:
        return {}
    stored = load_summaries(unit, versions)
    summaries = {
        stream: Summary.load(stored[stream][1]) if stream in stored else Summary()
        for stream in versions
    }
    archive.bring_back(summaries, _orders_touched(folded))
    for event, stream, occasion in folded:
        _add(summaries[stream], event, stream, occasion)
    archive.put_away(summaries)
    save_summaries(
        unit,
        {stream: (version, summaries[stream].dump()) for stream, version in versions.items()},
    )
    return summaries


def _folded_into(event: Event) -> Sequence[str]:
    """The streams whose summaries an event may change."""
    if event.type != "identity_changed":
        return list(event.versions)
    return [
        entry["stream"]
        for entry in event.data["streams"]
        if any(identifier["assurance"] == "verified" for identifier in entry["identifiers"])
    ]


def _orders_touched(
    folded: Iterable[tuple[Event, str, Occasion]],
) -> dict[str, set[str]]:
    """The keys of the orders that events may change, by stream."""
    touched: dict[str, set[str]] = defaultdict(set)
    for event, stream, occasion in folded:
        key = order_of(event.type, event.data, occasion)
        if key is not None:
            touched[stream].add(key)
    return touched


def _add(summary: Summary, event: Event, stream: str, occasion: Occasion) -> None:
    if event.type in FACTS:
        summary.add_fact(event.type, event.data, stream, occasion)
    else:
        summary.add(event.type, event.data, event.occurred_at, event.id, occasion)


def occasion_of(event: Event, stream: str) -> Occasion:
    """When and by whom an event was told, as the summary of a stream that has it needs it."""
    metadata = event.metadata
    home = metadata.get("order_home")
    return Occasion(
        at=event.occurred_at,
        event_id=event.id,
        arrival=event.arrival,
        recorded_at=event.recorded_at,
        by_browser=metadata.get("origin") == "browser",
        is_unproven=bool(metadata.get("unproven")),
        is_foreign=home is not None and home != event.stream,
        apart=(home or stream) if metadata.get("order_apart") else "",
    )


def load_summaries(unit: UnitOfWork, streams: Iterable[str]) -> dict[str, tuple[int, Any]]:
    """The version and summary of each of `streams` that has one."""
    rows = _LOAD.execute(unit.connection, streams=sorted(set(streams)))
    return {row.stream_id: (row.version, row.state) for row in rows}


def save_summaries(unit: UnitOfWork, summaries: Mapping[str, tuple[int, Any]]) -> None:
    """Store the version and summary of each stream; a row that is further already stays."""
    if summaries:
        rows = [
            {"stream": stream, "version": version, "summary": summary}
            for stream, (version, summary) in sorted(summaries.items())
        ]
        _SAVE.execute(unit.connection, rows)
