"""Archived orders, of which summaries have the totals alone: the table and its statements."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from datetime import UTC, tzinfo
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.personal import PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import load_summaries
from rules import DaySums, OrderState, Summary, bring_back, put_away, standing_orders
from services.segments.store.archived_days import DayChanges, load_days
from services.segments.store.metadata import METADATA

# What is told of each order that nothing but a new event changes, see `rules.summary.archive`.
ARCHIVED_ORDERS = sa.Table(
    "archived_orders",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("order_key", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("state", sa.JSON, nullable=False, info=PERSONAL),
)

_OF_STREAM = PreparedStatement(
    sa.select(ARCHIVED_ORDERS.c.order_key, ARCHIVED_ORDERS.c.state).where(
        ARCHIVED_ORDERS.c.stream_id == sa.bindparam("stream")
    )
)
_FIND = RowStatement(
    """
    SELECT archived_orders.stream_id, archived_orders.order_key, archived_orders.state
    FROM (SELECT text[stream] AS stream_id, text[key] AS order_key FROM {rows}) AS wanted
    JOIN archived_orders ON archived_orders.stream_id = wanted.stream_id
                        AND archived_orders.order_key = wanted.order_key
    """,
    list(ARCHIVED_ORDERS.c),
)
_SAVE = RowStatement(
    """
    INSERT INTO archived_orders (stream_id, order_key, state)
    SELECT text[stream], text[key], json[state] FROM {rows} WHERE true
    ON CONFLICT (stream_id, order_key) DO UPDATE SET state = excluded.state
    """
)
_DELETE = RowStatement(
    """
    DELETE FROM archived_orders WHERE (stream_id, order_key) IN
        (SELECT text[stream], text[key] FROM {rows})
    """
)


class StoredArchive:
    """The archived orders of a stream, which are read when they are asked for."""

    __slots__ = ("_all", "_stream", "_unit")

    def __init__(self, unit: UnitOfWork, stream: str) -> None:
        self._unit = unit
        self._stream = stream
        self._all: Mapping[str, OrderState] | None = None

    def all(self) -> Mapping[str, OrderState]:
        """All of them; they are read once."""
        if self._all is None:
            rows = _OF_STREAM.execute(self._unit.connection, stream=self._stream)
            self._all = {row.order_key: row.state for row in rows}
        return self._all

    def find(self, keys: Collection[str]) -> Mapping[str, OrderState]:
        """Those of `keys` that are archived."""
        return _find(self._unit, {self._stream: keys}).get(self._stream, {})

    def by_day(self, zone: tzinfo) -> DaySums:
        """What they add up to by day of a zone, if that is the shop's."""
        return load_days(self._unit, self._stream, zone)


class OrderArchives:
    """The archives of the streams of a batch, for `profile_index.update_summaries`.

    `zone` is that of the shop, in which order days are counted.
    """

    def __init__(self, unit: UnitOfWork, zone: tzinfo = UTC) -> None:
        self._unit = unit
        self._zone = zone
        self._found: Mapping[str, Mapping[str, OrderState]] = {}

    def bring_back(self, summaries: Mapping[str, Summary], touched: Mapping[str, Set[str]]) -> None:
        """Let summaries have the orders that events are about."""
        with_archive = {s for s, summary in summaries.items() if summary.state.archived}
        if not with_archive:
            return
        wanted = {
            stream: keys - summaries[stream].state.orders.keys()
            for stream, keys in touched.items()
            if stream in with_archive
        }
        self._found = _find(self._unit, wanted)
        for stream in with_archive:
            summary, found = summaries[stream], self._found.get(stream, {})
            summary.archive = StoredArchive(self._unit, stream)
            summary.archive = bring_back(summary.state, found, summary.archive)

    def put_away(self, summaries: Mapping[str, Summary]) -> None:
        """Archive what summaries need no more."""
        away: list[dict[str, Any]] = []
        back: list[dict[str, Any]] = []
        days = DayChanges(self._zone)
        for stream, summary in sorted(summaries.items()):
            put = put_away(summary.state, summary.archive)
            away += [{"stream": stream, "key": k, "state": put.away[k]} for k in sorted(put.away)]
            gone = {**self._found.get(stream, {}), **put.back}
            back += [{"stream": stream, "key": k} for k in sorted(gone.keys() - put.away.keys())]
            watermark = summary.state.watermark
            days.count(stream, standing_orders(put.away.values(), watermark), 1)
            days.count(stream, standing_orders(gone.values(), watermark), -1)
            if summary.state.archived:
                summary.archive = StoredArchive(self._unit, stream)
        if away:
            _SAVE.execute(self._unit.connection, away)
        if back:
            _DELETE.execute(self._unit.connection, back)
        days.save(self._unit)


def load_stream_summaries(unit: UnitOfWork, streams: Collection[str]) -> dict[str, Summary]:
    """The summary of each of `streams` that has one, with its archive."""
    stored = load_summaries(unit, streams) if streams else {}
    summaries = {stream: Summary.load(state) for stream, (_, state) in stored.items()}
    for stream, summary in summaries.items():
        if summary.state.archived:
            summary.archive = StoredArchive(unit, stream)
    return summaries


def _find(
    unit: UnitOfWork, wanted: Mapping[str, Collection[str]]
) -> dict[str, dict[str, OrderState]]:
    """Those of the orders `wanted` of each stream that are archived."""
    keys = [{"stream": stream, "key": key} for stream, part in wanted.items() for key in part]
    found: dict[str, dict[str, OrderState]] = {}
    for row in _FIND.execute(unit.connection, keys) if keys else ():
        found.setdefault(row.stream_id, {})[row.order_key] = row.state
    return found
