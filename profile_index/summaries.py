"""Summaries: one row of plain JSON for each stream, and the version that it goes up to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from profile_index.tables import SUMMARIES

_SAVE = RowStatement(
    """
    INSERT INTO summaries (stream_id, version, summary)
    SELECT text[stream], number[version], json[summary] FROM {rows} WHERE true
    ON CONFLICT (stream_id) DO UPDATE
    SET version = excluded.version, summary = excluded.summary
    WHERE excluded.version > summaries.version
    """
)
_LOAD = PreparedStatement(sa.select(SUMMARIES).where(among(SUMMARIES.c.stream_id, "streams")))


def load_summaries(connection: sa.Connection, streams: Iterable[str]) -> dict[str, tuple[int, Any]]:
    """The version and summary of each of `streams` that has one."""
    rows = _LOAD.execute(connection, streams=sorted(set(streams)))
    return {row.stream_id: (row.version, row.summary) for row in rows}


def save_summaries(connection: sa.Connection, summaries: Mapping[str, tuple[int, Any]]) -> None:
    """Store the version and summary of each stream; a row that is further already stays."""
    if summaries:
        rows = [
            {"stream": stream, "version": version, "summary": summary}
            for stream, (version, summary) in sorted(summaries.items())
        ]
        _SAVE.execute(connection, rows)
