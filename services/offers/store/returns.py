"""What orders have given back, by their homes, and whose grants that concerns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index.tables import IDENTIFIERS, LABELS
from services.offers.domain.returns import OrderReturn
from services.offers.store.tables import GRANT_KEYS, ORDER_RETURNS, REUSED_ORDER_IDS

_RETURN = RowStatement(
    """
    INSERT INTO order_returns
        (store, order_id, return_id, amount, is_settled, stream_id, is_apart)
    SELECT text[store], text[order_id], text[return_id], number[amount], false, text[stream_id],
           flag[is_apart]
    FROM {rows} WHERE true
    ON CONFLICT (store, order_id, return_id) DO NOTHING
    """
)
_REUSED = RowStatement(
    """
    INSERT INTO reused_order_ids (store, order_id)
    SELECT text[store], text[order_id] FROM {rows} WHERE true
    ON CONFLICT (store, order_id) DO NOTHING
    """
)


def save_returns(unit: UnitOfWork, returns: Iterable[OrderReturn]) -> None:
    """Note returns of orders; one that is there already stays as it is."""
    by_key = {(each.store, each.order_id, each.key): each for each in returns}
    rows = [{**by_key[key]._asdict(), "return_id": key[2]} for key in sorted(by_key)]
    if rows:
        _RETURN.execute(unit.connection, rows)


def move_returns(unit: UnitOfWork, store: str, order_id: str, source: str, target: str) -> None:
    """Have what an order has given back be that of the stream which is its home now."""
    moved = (*_of_order(store, order_id), ORDER_RETURNS.c.stream_id == source)
    rows = unit.connection.execute(sa.select(ORDER_RETURNS).where(*moved)).all()
    if rows:
        unit.connection.execute(sa.delete(ORDER_RETURNS).where(*moved))
        found = (_return_of(row) for row in rows)
        save_returns(unit, (each._replace(stream_id=target) for each in found))


def note_reused_ids(unit: UnitOfWork, ids: Iterable[tuple[str, str]]) -> None:
    """Note ids, each within its store, that stand for several orders."""
    rows = [{"store": store, "order_id": order_id} for store, order_id in sorted(set(ids))]
    if rows:
        _REUSED.execute(unit.connection, rows)


def is_reused(unit: UnitOfWork, store: str, order_id: str) -> bool:
    """Whether an id stands for several orders."""
    query = sa.select(REUSED_ORDER_IDS.c.order_id).where(
        REUSED_ORDER_IDS.c.store == store, REUSED_ORDER_IDS.c.order_id == order_id
    )
    return unit.connection.execute(query).first() is not None


def open_returns(unit: UnitOfWork, limit: int) -> Sequence[tuple[str, str]]:
    """Up to `limit` orders (store and id) with returns that are not settled."""
    query = (
        sa.select(ORDER_RETURNS.c.store, ORDER_RETURNS.c.order_id)
        .where(sa.text("NOT is_settled"))
        .distinct()
        .order_by(ORDER_RETURNS.c.store, ORDER_RETURNS.c.order_id)
        .limit(limit)
    )
    return [(row.store, row.order_id) for row in unit.connection.execute(query)]


def settle_returns(unit: UnitOfWork, store: str, order_id: str) -> list[OrderReturn]:
    """What the orders of an id have given back; it is settled then."""
    of_order = _of_order(store, order_id)
    statement = sa.update(ORDER_RETURNS).where(*of_order).values(is_settled=True)
    return [_return_of(row) for row in unit.connection.execute(statement.returning(ORDER_RETURNS))]


def reopen_returns(unit: UnitOfWork, store: str, order_id: str) -> None:
    """Have the returns of an order settled again: something was confirmed by it after them."""
    of_order = _of_order(store, order_id)
    unit.connection.execute(sa.update(ORDER_RETURNS).where(*of_order).values(is_settled=False))


def keys_of_grants(unit: UnitOfWork, grant_ids: Iterable[str]) -> dict[str, set[str]]:
    """The keys under which grants count."""
    keys: dict[str, set[str]] = {grant_id: set() for grant_id in grant_ids}
    query = sa.select(GRANT_KEYS.c.grant_id, GRANT_KEYS.c.key).where(
        GRANT_KEYS.c.grant_id.in_(sorted(keys))
    )
    for row in unit.connection.execute(query):
        keys[row.grant_id].add(row.key)
    return keys


def accounts_of(unit: UnitOfWork, profile_ids: Iterable[str]) -> set[str]:
    """Those of some profiles that are accounts'."""
    query = (
        sa.select(LABELS.c.profile_id)
        .join(IDENTIFIERS, IDENTIFIERS.c.stream_id == LABELS.c.stream_id)
        .where(
            LABELS.c.profile_id.in_(sorted(set(profile_ids))),
            IDENTIFIERS.c.assurance == "verified",
        )
        .distinct()
    )
    return set(unit.connection.execute(query).scalars())


def _of_order(store: str, order_id: str) -> tuple[sa.ColumnElement[bool], ...]:
    return ORDER_RETURNS.c.store == store, ORDER_RETURNS.c.order_id == order_id


def _return_of(row: sa.Row[tuple[object, ...]]) -> OrderReturn:
    return_id = row.return_id.partition("\x1e")[0] if row.is_apart else row.return_id
    return OrderReturn(
        row.store, row.order_id, return_id, row.amount, row.stream_id, bool(row.is_apart)
    )
