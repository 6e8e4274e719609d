"""The table of the service, and its statements."""

from __future__ import annotations

from collections.abc import Mapping

import sqlalchemy as sa

from chassis.database.engine import upsert
from chassis.database.personal import NOT_PERSONAL
from chassis.eventlog.unit_of_work import UnitOfWork

METADATA = sa.MetaData()

CATEGORIES = sa.Table(
    "categories",
    METADATA,
    sa.Column("category", sa.Text, primary_key=True, info=NOT_PERSONAL),
    sa.Column("orders", sa.BigInteger, nullable=False, info=NOT_PERSONAL),
)


def add_orders(unit: UnitOfWork, counts: Mapping[str, int]) -> None:
    """Add to the number of orders of each category."""
    if not counts:
        return
    # Sorted, so that two replicas lock the rows in one order.
    rows = [{"category": name, "orders": counts[name]} for name in sorted(counts)]
    statement = upsert(unit.connection, CATEGORIES)
    statement = statement.on_conflict_do_update(
        index_elements=[CATEGORIES.c.category],
        set_={"orders": CATEGORIES.c.orders + statement.excluded.orders},
    )
    unit.connection.execute(statement, rows)


def most_ordered(unit: UnitOfWork, limit: int) -> dict[str, int]:
    """The categories with the most orders, the first one first."""
    query = sa.select(CATEGORIES.c.category, CATEGORIES.c.orders)
    query = query.order_by(CATEGORIES.c.orders.desc(), CATEGORIES.c.category).limit(limit)
    return {row.category: row.orders for row in unit.connection.execute(query)}
