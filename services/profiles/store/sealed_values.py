"""The plain values of identifiers, sealed."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.deletion import delete_oldest
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.store.tables import SEALED_VALUES
from services.profiles.vault import SealedValue

_KEEP = RowStatement(
    """
    INSERT INTO sealed_values (key, sealed, kept_until)
    SELECT text[key], text[sealed], number[kept_until] FROM {rows} WHERE true
    ON CONFLICT (key) DO UPDATE SET sealed = excluded.sealed, kept_until = excluded.kept_until
    WHERE coalesce(excluded.kept_until, 0) <> coalesce(sealed_values.kept_until, 0)
    """
)


def sample_sealed_values(unit: UnitOfWork, limit: int) -> dict[str, str]:
    """Some sealed values of identifiers, by key."""
    query = sa.select(SEALED_VALUES.c.key, SEALED_VALUES.c.sealed).limit(limit)
    return {row.key: row.sealed for row in unit.connection.execute(query)}


def keep_sealed(unit: UnitOfWork, values: Sequence[SealedValue]) -> None:
    """Keep sealed values of identifiers, sorted by key."""
    if values:
        rows = [{"key": v.key, "sealed": v.sealed, "kept_until": v.kept_until} for v in values]
        _KEEP.execute(unit.connection, rows)


def sealed_values(unit: UnitOfWork, keys: Sequence[str]) -> dict[str, str]:
    """The sealed value of each identifier whose time has not run out."""
    query = sa.select(SEALED_VALUES.c.key, SEALED_VALUES.c.sealed).where(
        SEALED_VALUES.c.key.in_(keys),
        sa.or_(SEALED_VALUES.c.kept_until.is_(None), SEALED_VALUES.c.kept_until > unit.now),
    )
    return {row.key: row.sealed for row in unit.connection.execute(query)}


def forget_expired(unit: UnitOfWork) -> int:
    """Delete some of the sealed values whose time has run out; how many."""
    until = SEALED_VALUES.c.kept_until
    return delete_oldest(unit.connection, SEALED_VALUES, until <= unit.now, until)
