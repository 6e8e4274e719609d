"""What the archived orders of a stream add up to by day: all that values of a model ask of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import tzinfo
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.personal import NOT_PERSONAL, PERSONAL, PSEUDONYMOUS
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from clv.history import day_of, day_start
from rules import DaySums, StandingOrder
from services.segments.store.metadata import METADATA

# The archived orders that stand, by day of a zone and by currency, "" for those without one: how
# many, and their money.
ARCHIVED_DAYS = sa.Table(
    "archived_days",
    METADATA,
    sa.Column("stream_id", sa.Text, primary_key=True, info=PSEUDONYMOUS),
    sa.Column("zone", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("day", sa.Integer, primary_key=True, autoincrement=False, info=NOT_PERSONAL),
    sa.Column("currency", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("orders", sa.Integer, nullable=False, info=PERSONAL),
    sa.Column("net", sa.BigInteger, nullable=False, info=PERSONAL),
)

_OF_STREAM = PreparedStatement(
    sa.select(ARCHIVED_DAYS).where(
        ARCHIVED_DAYS.c.stream_id == sa.bindparam("stream"),
        ARCHIVED_DAYS.c.zone == sa.bindparam("zone"),
    )
)
_ADD = RowStatement(
    """
    INSERT INTO archived_days (stream_id, zone, day, currency, orders, net)
    SELECT text[stream], text[zone], number[day], text[currency], number[orders], number[net]
    FROM {rows} WHERE true
    ON CONFLICT (stream_id, zone, day, currency) DO UPDATE
    SET orders = archived_days.orders + excluded.orders, net = archived_days.net + excluded.net
    """
)
_DELETE_EMPTY = RowStatement(
    """
    DELETE FROM archived_days WHERE orders = 0 AND (stream_id, zone, day, currency) IN
        (SELECT text[stream], text[zone], number[day], text[currency] FROM {rows})
    """
)

# Sums in the days of another zone do not follow this change: without them the archive says. There
# is one other at most, as each change deletes it, and it has the least or the greatest name: so the
# days of this zone are not read.
_DELETE_OTHER_ZONES = RowStatement(
    """
    WITH named AS (SELECT DISTINCT text[stream] AS stream_id FROM {rows}),
    stored AS (
        SELECT stream_id, (SELECT min(zone) FROM archived_days AS days
                           WHERE days.stream_id = named.stream_id) AS zone FROM named
        UNION ALL
        SELECT stream_id, (SELECT max(zone) FROM archived_days AS days
                           WHERE days.stream_id = named.stream_id) AS zone FROM named
    )
    DELETE FROM archived_days WHERE (stream_id, zone) IN
        (SELECT stream_id, zone FROM stored WHERE zone <> CAST(:zone AS text))
    """
)

DayKey = tuple[str, int, str]
"""A stream, a day, and a currency or "" """


class DayChanges:
    """How the sums of days in a zone change as orders are archived and come back."""

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._changes: dict[DayKey, list[int]] = {}

    def count(self, stream: str, orders: Iterable[StandingOrder], sign: int) -> None:
        """Orders of a stream are archived (`sign` 1) or come back (-1)."""
        for order in orders:
            key = stream, day_of(order.at, self._zone), order.currency or ""
            change = self._changes.setdefault(key, [0, 0])
            change[0] += sign
            change[1] += sign * order.net

    def save(self, unit: UnitOfWork) -> None:
        """Change the stored sums; days without orders are deleted, and those of another zone."""
        rows: list[dict[str, Any]] = [
            {
                "stream": stream,
                "zone": str(self._zone),
                "day": day,
                "currency": currency,
                "orders": orders,
                "net": net,
            }
            for (stream, day, currency), (orders, net) in sorted(self._changes.items())
            if orders or net
        ]
        if rows:
            _ADD.execute(unit.connection, rows)
            _DELETE_OTHER_ZONES.execute(unit.connection, rows, zone=str(self._zone))
        if fewer := [row for row in rows if row["orders"] < 0]:
            _DELETE_EMPTY.execute(unit.connection, fewer)


def load_days(unit: UnitOfWork, stream: str, zone: tzinfo) -> DaySums:
    """The sums of a stream's archived orders by day, each as an order of that day."""
    rows = _OF_STREAM.execute(unit.connection, stream=stream, zone=str(zone))
    nothing: Mapping[str, int] = {}
    sums = [
        StandingOrder(day_start(row.day, zone), row.net, row.currency or None, 0, nothing)
        for row in rows
    ]
    return DaySums(sum(row.orders for row in rows), sums)
