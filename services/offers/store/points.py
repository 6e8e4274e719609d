"""The entries of the ledger of loyalty points, by stream."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.ledger import EntryKind, LedgerEntry, latest, points_of_orders
from services.offers.store.tables import POINT_ENTRIES

# Of one key the later entry stays, whichever comes first: see `LedgerEntry.rank`.
_SAVE = RowStatement(
    """
    INSERT INTO point_entries
        (stream_id, entry_key, kind, entry_id, order_key, at, arrived_at, place, amount, currency)
    SELECT text[stream], text[entry_key], text[kind], text[entry_id], text[order_key],
           number[at], number[arrived_at], number[place], number[amount], text[currency]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id, entry_key) DO UPDATE
    SET order_key = excluded.order_key, at = excluded.at, arrived_at = excluded.arrived_at,
        place = excluded.place, amount = excluded.amount, currency = excluded.currency
    WHERE (excluded.at, excluded.arrived_at, excluded.place)
        > (point_entries.at, point_entries.arrived_at, point_entries.place)
    """
)
_OF_ORDER = sa.and_(
    POINT_ENTRIES.c.stream_id == sa.bindparam("from_stream"),
    POINT_ENTRIES.c.order_key == sa.bindparam("of_order"),
    POINT_ENTRIES.c.kind != EntryKind.POINTS.value,
)
_LOAD_ORDER = PreparedStatement(sa.select(POINT_ENTRIES).where(_OF_ORDER))
_DROP_ORDER = PreparedStatement(sa.delete(POINT_ENTRIES).where(_OF_ORDER))
_LOAD = PreparedStatement(
    sa.select(POINT_ENTRIES).where(among(POINT_ENTRIES.c.stream_id, "streams"))
)


def save_point_entries(unit: UnitOfWork, entries: Iterable[tuple[str, LedgerEntry]]) -> None:
    """Add entries to the ledgers of their streams."""
    by_key = {
        (stream, each.key): each
        for stream, each in sorted(entries, key=lambda pair: (pair[0], pair[1].rank))
    }
    if by_key:
        rows = [_row(stream, key, each) for (stream, key), each in sorted(by_key.items())]
        _SAVE.execute(unit.connection, rows)


def move_point_entries(unit: UnitOfWork, source: tuple[str, str], target: tuple[str, str]) -> None:
    """Give the entries of an order, by its stream and key, to the stream that is its home now."""
    moved = {"from_stream": source[0], "of_order": source[1]}
    rows = _LOAD_ORDER.execute(unit.connection, **moved)
    entries = [(target[0], replace(_entry(row), order=target[1])) for row in rows]
    save_point_entries(unit, entries)
    if entries:
        _DROP_ORDER.execute(unit.connection, **moved)


def load_point_entries(unit: UnitOfWork, streams: Sequence[str]) -> list[LedgerEntry]:
    """The entries of the ledgers of these streams."""
    rows = _LOAD.execute(unit.connection, streams=list(streams))
    return latest(points_of_orders((row.stream_id, _entry(row)) for row in rows))


def _row(stream: str, key: str, entry: LedgerEntry) -> dict[str, str | int | None]:
    arrived_at, place = entry.arrival
    return {
        "stream": stream,
        "entry_key": key,
        "kind": entry.kind.value,
        "entry_id": entry.entry_id,
        "order_key": entry.order,
        "at": entry.at,
        "arrived_at": arrived_at,
        "place": place,
        "amount": entry.amount,
        "currency": entry.currency,
    }


def _entry(row: sa.Row[tuple[object, ...]]) -> LedgerEntry:
    return LedgerEntry(
        EntryKind(row.kind),
        row.entry_id,
        row.order_key,
        row.at,
        (row.arrived_at, row.place),
        row.amount,
        row.currency,
    )
