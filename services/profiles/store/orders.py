"""The homes of orders, and the review list of orders of one id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.domain.orders import OrderHome, OrderKey, OrderRow, summary_key
from services.profiles.store.summaries import current_summaries, save_summaries
from services.profiles.store.tables import ORDER_HOMES, ORDER_REVIEWS

# A refund takes some 80 bytes of a row, which is written anew with everything told of the order.
_MOST_REFUNDS = 50
_LOCK_ORDERS = RowStatement(
    """
    INSERT INTO order_homes (store, order_id, stream_id, strength, address, state, reused, apart)
    SELECT text[store], text[order_id], '', 0, NULL, json[state], json[reused], json[apart]
    FROM {rows} WHERE true
    ON CONFLICT (store, order_id) DO UPDATE SET strength = order_homes.strength
    RETURNING store, order_id, stream_id, strength, address, state, reused, apart
    """,
    ORDER_HOMES.c,
)
_SAVE_ORDERS = RowStatement(
    """
    INSERT INTO order_homes (store, order_id, stream_id, strength, address, state, reused, apart)
    SELECT text[store], text[order_id], text[stream], number[strength], text[address],
           json[state], json[reused], json[apart]
    FROM {rows} WHERE true
    ON CONFLICT (store, order_id) DO UPDATE
    SET stream_id = excluded.stream_id, strength = excluded.strength, address = excluded.address,
        state = excluded.state, reused = excluded.reused, apart = excluded.apart
    """
)
_NOTE_REVIEWS = RowStatement(
    """
    INSERT INTO order_reviews (id, kind, store, order_id, home_stream, stream_id, event_id,
                               first_at, last_at)
    SELECT text[id], text[kind], text[store], text[order_id], text[home_stream], text[stream],
           text[event_id], number[now], number[now]
    FROM {rows} WHERE true
    ON CONFLICT (id) DO UPDATE
    SET event_id = excluded.event_id, last_at = excluded.last_at, done_at = NULL
    """
)


def lock_orders(unit: UnitOfWork, keys: Iterable[OrderKey]) -> dict[OrderKey, OrderRow]:
    """Lock the rows of orders, sorted; those that are not there yet are inserted first.

    What is known of an order that an earlier release has recorded, or that has many refunds, is
    read from its home.
    """
    empty: dict[str, Any] = {"state": {}, "reused": [], "apart": []}
    rows = [{**key._asdict(), **empty} for key in sorted(set(keys))]
    locked: dict[OrderKey, OrderRow] = {}
    unread: list[tuple[OrderKey, OrderHome]] = []
    for row in _LOCK_ORDERS.execute(unit.connection, rows) if rows else ():
        key = OrderKey(row.store, row.order_id)
        home = OrderHome(row.stream_id, row.strength, row.address, row.state or {})
        reused = [
            OrderHome(
                **{**each, "state": each["state"] or {}}, is_apart=each["stream"] in row.apart
            )
            for each in row.reused
        ]
        locked[key] = OrderRow(key, home, reused)
        homes = zip((home, *reused), ({"state": row.state}, *row.reused), strict=True)
        unread += [(key, each) for each, of_row in homes if of_row["state"] is None]
    if unread:
        _read_states(unit, unread)
    return locked


def _read_states(unit: UnitOfWork, homes: Sequence[tuple[OrderKey, OrderHome]]) -> None:
    """Read what is known of orders from the summaries of their homes."""
    summaries = current_summaries(unit, sorted({home.stream for _, home in homes}))
    for key, home in homes:
        orders = summaries[home.stream].summary.state.orders
        home.state = orders.get(summary_key(key, home), {})
    # The next order of these streams has to fold no more than what comes after this.
    grown = {s: each for s, each in summaries.items() if each.version > each.stored_version}
    save_summaries(unit, grown)


def save_orders(unit: UnitOfWork, rows: Iterable[OrderRow]) -> None:
    """Store the rows of locked orders."""
    values = [
        {
            **row.key._asdict(),
            "stream": row.home.stream,
            "strength": row.home.strength,
            "address": row.home.address,
            "state": _stored_state(row.home),
            "reused": [_stored_home(each) for each in row.reused],
            "apart": [each.stream for each in row.reused if each.is_apart],
        }
        for row in sorted(rows, key=lambda row: row.key)
    ]
    if values:
        _SAVE_ORDERS.execute(unit.connection, values)


def _stored_home(home: OrderHome) -> dict[str, Any]:
    """What a row keeps of another order of its id, as the release before reads it too."""
    stored = {**asdict(home), "state": _stored_state(home)}
    del stored["is_apart"]
    return stored


def _stored_state(home: OrderHome) -> dict[str, Any] | None:
    """What a row keeps of an order; None if that is so much that its home alone has it."""
    return home.state if len(home.state.get("refunds", ())) <= _MOST_REFUNDS else None


def note_order_reviews(unit: UnitOfWork, reviews: Iterable[Mapping[str, str]]) -> None:
    """Put orders that somebody should look at on the review list, open again if done."""
    by_id = {each["id"]: each for each in reviews}
    rows = [{**by_id[review_id], "now": unit.now} for review_id in sorted(by_id)]
    if rows:
        _NOTE_REVIEWS.execute(unit.connection, rows)


def list_order_reviews(unit: UnitOfWork, limit: int) -> list[sa.Row[Any]]:
    """The open entries of the review list of orders, those seen last first."""
    query = (
        sa.select(ORDER_REVIEWS)
        .where(ORDER_REVIEWS.c.done_at.is_(None))
        .order_by(ORDER_REVIEWS.c.last_at.desc(), ORDER_REVIEWS.c.id)
    )
    return list(unit.connection.execute(query.limit(limit)))


def close_order_review(unit: UnitOfWork, review_id: str) -> bool:
    """Take an entry off the review list of orders; whether it was on it."""
    query = sa.update(ORDER_REVIEWS).where(
        ORDER_REVIEWS.c.id == review_id, ORDER_REVIEWS.c.done_at.is_(None)
    )
    return bool(unit.connection.execute(query.values(done_at=unit.now)).rowcount)
