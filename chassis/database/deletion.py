"""Deleting what is old, some rows at a time, so that nobody waits long for the locks."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

MOST_AT_ONCE = 1_000
"""Rows that are deleted, and so locked, in one transaction."""


def delete_oldest(
    connection: sa.Connection,
    table: sa.Table,
    condition: sa.ColumnElement[bool],
    age: sa.ColumnElement[int],
) -> int:
    """Delete rows of which `condition` is true, those of the least `age` first; how many.

    They are locked in the order of their keys, as by everybody who locks several: nobody waits for
    us while we wait for them. Who has changed a row meanwhile keeps it.
    """
    oldest = sa.select(*table.primary_key.columns).where(condition).order_by(age)
    among_oldest = sa.tuple_(*table.primary_key.columns).in_(oldest.limit(MOST_AT_ONCE))
    return delete_in_order(connection, table, sa.and_(among_oldest, condition))


def delete_in_order(
    connection: sa.Connection, table: sa.Table, condition: sa.ColumnElement[bool]
) -> int:
    """Delete the rows of which `condition` is true, which are few; how many.

    They are locked in the order of their keys first: of two who delete the same rows, neither has
    what the other one waits for.
    """
    locked = (
        sa.select(*table.primary_key.columns)
        .where(condition)
        .order_by(*table.primary_key.columns)
        .with_for_update()
    )
    key = sa.tuple_(*table.primary_key.columns)
    return int(connection.execute(sa.delete(table).where(key.in_(locked))).rowcount)


def until_none_is_left(delete: Callable[[], int]) -> int:
    """Call what deletes some rows, each time in a transaction of its own; how many were deleted."""
    deleted = 0
    while some := delete():
        deleted += some
    return deleted
