"""Keeping summaries."""

from __future__ import annotations

from collections.abc import Mapping

from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles import store
from services.profiles.store import CurrentSummary

# A summary is stored again once this many events have come after the one in the table.
_TAIL = 20


def refresh_summaries(unit: UnitOfWork, summaries: Mapping[str, CurrentSummary]) -> None:
    """Store the summaries of streams that have grown by many events since the stored ones."""
    store.save_summaries(
        unit,
        {
            stream: current
            for stream, current in summaries.items()
            if current.version - current.stored_version >= _TAIL
        },
    )
