"""The streams in which carts were told of."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from chassis import DAY
from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.store.tables import CART_STREAMS

# Of a cart the newest few streams are told of its order; what nobody has told of for so long is
# forgotten.
_STREAMS_OF_A_CART = 10
_CART_DAYS = 60
_NOTE_CARTS = RowStatement(
    """
    INSERT INTO cart_streams (cart_id, stream_id, seen_at)
    SELECT text[cart_id], text[stream], number[now] FROM {rows} WHERE true
    ON CONFLICT (cart_id, stream_id) DO UPDATE SET seen_at = excluded.seen_at
    WHERE excluded.seen_at > cart_streams.seen_at + 86400000000
    """
)
# Of each cart its own: one that many streams tell of leaves room for the others of a batch.
_RANKED = (
    sa.select(
        CART_STREAMS.c.cart_id,
        CART_STREAMS.c.stream_id,
        sa.func.row_number()
        .over(
            partition_by=CART_STREAMS.c.cart_id,
            order_by=(CART_STREAMS.c.seen_at.desc(), CART_STREAMS.c.stream_id),
        )
        .label("place"),
    )
    .where(among(CART_STREAMS.c.cart_id, "carts"))
    .subquery()
)
_CARTS = PreparedStatement(
    sa.select(_RANKED.c.cart_id, _RANKED.c.stream_id)
    .where(_RANKED.c.place <= sa.literal_column(str(_STREAMS_OF_A_CART)))
    .order_by(_RANKED.c.place)
)


def note_carts(unit: UnitOfWork, carts: Iterable[tuple[str, str]]) -> None:
    """Note pairs of a cart and the stream in which it was told of."""
    rows = [{"cart_id": c, "stream": s, "now": unit.now} for c, s in sorted(set(carts))]
    if rows:
        _NOTE_CARTS.execute(unit.connection, rows)


def streams_of_carts(unit: UnitOfWork, carts: Iterable[str]) -> dict[str, list[str]]:
    """The streams in which each cart was told of, the newest few."""
    streams: dict[str, list[str]] = {}
    wanted = sorted(set(carts))
    for row in _CARTS.execute(unit.connection, carts=wanted) if wanted else ():
        streams.setdefault(row.cart_id, []).append(row.stream_id)
    return streams


def forget_carts(unit: UnitOfWork) -> int:
    """Delete what is known of carts that nobody has told of for long; how many."""
    before = unit.now - _CART_DAYS * DAY
    query = sa.delete(CART_STREAMS).where(CART_STREAMS.c.seen_at < before)
    return int(unit.connection.execute(query).rowcount)
