"""Carts: the streams in which they were told of, and which were bought."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from chassis import DAY
from chassis.database.bulk import RowStatement, among
from chassis.database.deletion import delete_oldest
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.domain.carts import CartPurchase
from services.profiles.store.tables import CART_STREAMS, CARTS

# Of a cart the newest few streams are told of its order; what nobody has told of for so long is
# forgotten.
_STREAMS_OF_A_CART = 10
_CART_DAYS = 60
_LOCK_CARTS = RowStatement(
    """
    INSERT INTO carts (cart_id, seen_at)
    SELECT text[cart_id], number[now] FROM {rows} WHERE true
    ON CONFLICT (cart_id) DO UPDATE
    SET seen_at = CASE WHEN excluded.seen_at > carts.seen_at + 86400000000
                       THEN excluded.seen_at ELSE carts.seen_at END
    RETURNING cart_id, seen_at, bought_at, stream_id
    """,
    CARTS.c,
)
_NOTE_CARTS = RowStatement(
    """
    INSERT INTO cart_streams (cart_id, stream_id, seen_at, last_at)
    SELECT text[cart_id], text[stream], number[now], number[last_at] FROM {rows} WHERE true
    ON CONFLICT (cart_id, stream_id) DO UPDATE
    SET seen_at = CASE WHEN excluded.seen_at > cart_streams.seen_at + 86400000000
                       THEN excluded.seen_at ELSE cart_streams.seen_at END,
        last_at = CASE WHEN excluded.last_at > cart_streams.last_at
                       THEN excluded.last_at ELSE cart_streams.last_at END
    WHERE excluded.seen_at > cart_streams.seen_at + 86400000000
       OR excluded.last_at > cart_streams.last_at
    """
)
_NOTE_PURCHASES = RowStatement(
    """
    INSERT INTO carts (cart_id, seen_at, bought_at, stream_id)
    SELECT text[cart_id], number[now], number[bought_at], text[stream] FROM {rows} WHERE true
    ON CONFLICT (cart_id) DO UPDATE
    SET bought_at = excluded.bought_at, stream_id = excluded.stream_id
    WHERE coalesce(carts.bought_at, 0) <= excluded.bought_at
    """
)
# Of each cart its own: one that many streams tell of leaves room for the others of a batch.
_RANKED = (
    sa.select(
        CART_STREAMS.c.cart_id,
        CART_STREAMS.c.stream_id,
        CART_STREAMS.c.last_at,
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
    sa.select(_RANKED.c.cart_id, _RANKED.c.stream_id, _RANKED.c.last_at)
    .where(_RANKED.c.place <= sa.literal_column(str(_STREAMS_OF_A_CART)))
    .order_by(_RANKED.c.place)
)


def lock_carts(unit: UnitOfWork, carts: Iterable[str]) -> dict[str, CartPurchase]:
    """Lock carts, sorted: who tells of one and who buys it learn of each other.

    Returns the last purchase of those that were bought before.
    """
    rows = [{"cart_id": cart, "now": unit.now} for cart in sorted(set(carts))]
    locked = _LOCK_CARTS.execute(unit.connection, rows) if rows else ()
    return {
        row.cart_id: CartPurchase(row.bought_at, row.stream_id)
        for row in locked
        if row.bought_at is not None
    }


def note_carts(unit: UnitOfWork, times: Mapping[tuple[str, str], int]) -> None:
    """Note the time of the last event of pairs of a cart and the stream in which it was told of."""
    rows = [
        {"cart_id": cart, "stream": stream, "now": unit.now, "last_at": at}
        for (cart, stream), at in sorted(times.items())
    ]
    if rows:
        _NOTE_CARTS.execute(unit.connection, rows)


def note_purchases(unit: UnitOfWork, purchases: Mapping[str, CartPurchase]) -> None:
    """Note locked carts that were bought, the last time of each."""
    rows = [
        {"cart_id": cart, "now": unit.now, "bought_at": each.at, "stream": each.stream}
        for cart, each in sorted(purchases.items())
    ]
    if rows:
        _NOTE_PURCHASES.execute(unit.connection, rows)


def streams_of_carts(unit: UnitOfWork, carts: Iterable[str]) -> dict[str, dict[str, int]]:
    """The newest few streams in which each cart was told of, with the time of the last event."""
    streams: dict[str, dict[str, int]] = {}
    wanted = sorted(set(carts))
    for row in _CARTS.execute(unit.connection, carts=wanted) if wanted else ():
        streams.setdefault(row.cart_id, {})[row.stream_id] = row.last_at
    return streams


def forget_carts(unit: UnitOfWork) -> int:
    """Delete some of the carts that nobody has told of for long; how many."""
    before = unit.now - _CART_DAYS * DAY
    seen_at = CARTS.c.seen_at
    return delete_oldest(unit.connection, CARTS, seen_at < before, seen_at)


def forget_cart_streams(unit: UnitOfWork) -> int:
    """Delete in which streams some carts were told of for long no more; of how many streams."""
    before = unit.now - _CART_DAYS * DAY
    seen_at = CART_STREAMS.c.seen_at
    return delete_oldest(unit.connection, CART_STREAMS, seen_at < before, seen_at)
