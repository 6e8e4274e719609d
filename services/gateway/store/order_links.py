"""What senders of webhooks call an order elsewhere: a payment, whose messages name no order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from chassis import DAY
from chassis.database.deletion import delete_oldest
from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from services.gateway.store.tables import ORDER_LINKS

KEPT_DAYS = 400  # a payment can be refunded for about half a year


def find_links(unit: UnitOfWork, source_id: str, references: Sequence[str]) -> dict[str, str]:
    """The orders of some references of a source, by reference."""
    query = sa.select(ORDER_LINKS.c.reference, ORDER_LINKS.c.order_id).where(
        ORDER_LINKS.c.source_id == source_id, ORDER_LINKS.c.reference.in_(references)
    )
    return {row.reference: row.order_id for row in unit.connection.execute(query)}


def keep_links(unit: UnitOfWork, source_id: str, links: Mapping[str, str]) -> int:
    """Keep the orders of references; how many of these are new. A link that is known stays."""
    known = find_links(unit, source_id, [*links])
    rows = [
        {
            "source_id": source_id,
            "reference": reference,
            "order_id": order_id,
            "linked_at": unit.now,
        }
        for reference, order_id in sorted(links.items())
        if reference not in known
    ]
    if rows:
        statement = upsert(unit.connection, ORDER_LINKS).on_conflict_do_nothing()
        unit.connection.execute(statement, rows)
    return len(rows)


def forget_links(unit: UnitOfWork) -> int:
    """Delete some of the links that are too old; how many."""
    age = ORDER_LINKS.c.linked_at
    return delete_oldest(unit.connection, ORDER_LINKS, age < unit.now - KEPT_DAYS * DAY, age)
