"""Summaries of streams: the stored ones, and what has come after them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import fold_events, load_summaries
from profile_index import save_summaries as save_summary_rows
from rules import Summary

_PAGE = 1_000


@dataclass(frozen=True, slots=True)
class CurrentSummary:
    """The summary of a stream up to `version`, and the version of the stored one, 0 for none."""

    version: int
    summary: Summary
    stored_version: int


def current_summaries(unit: UnitOfWork, streams: Sequence[str]) -> dict[str, CurrentSummary]:
    """The summary of each stream as of now: the stored one, and the events that came after it."""
    rows = load_summaries(unit, streams)
    stored = {stream: rows.get(stream, (0, {})) for stream in streams}
    versions = {stream: version for stream, (version, _) in stored.items()}
    summaries = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    while True:
        events = unit.history(versions, _PAGE)
        fold_events(summaries, events)
        versions |= {event.stream: event.version for event in events}
        if len(events) < _PAGE:
            break
    return {
        stream: CurrentSummary(versions[stream], summaries[stream], stored[stream][0])
        for stream in streams
    }


def save_summaries(unit: UnitOfWork, summaries: Mapping[str, CurrentSummary]) -> None:
    """Store the summaries of streams."""
    rows = {stream: (each.version, each.summary.dump()) for stream, each in summaries.items()}
    save_summary_rows(unit, rows)
