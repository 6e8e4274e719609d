"""Summaries: one row of plain JSON for each stream, and the version that it goes up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from chassis.database import upsert
from directory.tables import SUMMARIES


def load_summaries(connection: sa.Connection, streams: Iterable[str]) -> dict[str, tuple[int, Any]]:
    """The version and summary of each of `streams` that has one."""
    query = sa.select(SUMMARIES).where(SUMMARIES.c.stream_id.in_(sorted(set(streams))))
    return {r.stream_id: (r.version, r.summary) for r in connection.execute(query)}


def save_summaries(connection: sa.Connection, summaries: Mapping[str, tuple[int, Any]]) -> None:
    """Store the version and summary of each stream; a row that is further already stays."""
    if not summaries:
        return
    statement = upsert(connection, SUMMARIES)
    statement = statement.on_conflict_do_update(
        index_elements=[SUMMARIES.c.stream_id],
        set_={name: statement.excluded[name] for name in ("version", "summary")},
        where=statement.excluded.version > SUMMARIES.c.version,
    )
    rows = [
        {"stream_id": stream, "version": version, "summary": summary}
        for stream, (version, summary) in sorted(summaries.items())
    ]
    connection.execute(statement, rows)
