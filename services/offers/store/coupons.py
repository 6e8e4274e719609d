"""Pools of coupon codes: a code belongs to the grant that has taken it, for good."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import sqlalchemy as sa

from chassis.database.bulk import RowStatement, among
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.store.tables import COUPONS

_ADD = RowStatement(
    """
    INSERT INTO coupons (pool, code, added_at)
    SELECT text[pool], text[code], number[added_at] FROM {rows} WHERE true
    ON CONFLICT (pool, code) DO NOTHING
    """
)
_KNOWN = PreparedStatement(
    sa.select(sa.func.count().label("codes")).where(
        COUPONS.c.pool == sa.bindparam("of_pool"), among(COUPONS.c.code, "codes")
    )
)
_OF_GRANT = PreparedStatement(
    sa.select(COUPONS.c.code).where(COUPONS.c.grant_id == sa.bindparam("of_grant"))
)
# Two that take a code at once take two: a row that another transaction is taking is passed over.
_FREE = PreparedStatement(
    sa.select(COUPONS.c.code)
    .where(COUPONS.c.pool == sa.bindparam("of_pool"), COUPONS.c.grant_id.is_(None))
    .order_by(COUPONS.c.code)
    .limit(sa.literal_column("1"))
    .with_for_update(skip_locked=True)
)
_TAKE = PreparedStatement(
    sa.update(COUPONS)
    .where(COUPONS.c.pool == sa.bindparam("of_pool"), COUPONS.c.code == sa.bindparam("of_code"))
    .values(grant_id=sa.bindparam("to_grant"))
)
_WITH_CODES = RowStatement(
    """
    SELECT text[wanted] AS pool FROM {rows}
    WHERE EXISTS (SELECT 1 FROM coupons WHERE pool = text[wanted] AND grant_id IS NULL)
    """
)
_COUNT = PreparedStatement(
    sa.select(
        COUPONS.c.pool,
        sa.func.count().label("codes"),
        sa.func.count(COUPONS.c.grant_id).label("taken"),
    )
    .group_by(COUPONS.c.pool)
    .order_by(COUPONS.c.pool)
)


def add_coupons(unit: UnitOfWork, pool: str, codes: Iterable[str]) -> int:
    """Add codes to a pool; how many it did not have."""
    new: Sequence[str] = sorted(set(codes))
    if not new:
        return 0
    (known,) = _KNOWN.execute(unit.connection, of_pool=pool, codes=new)
    rows = [{"pool": pool, "code": code, "added_at": unit.now} for code in new]
    _ADD.execute(unit.connection, rows)
    return len(new) - int(known.codes)


def coupon_of(unit: UnitOfWork, grant_id: str) -> str | None:
    """The code that a grant has taken; None if it has none."""
    return next((row.code for row in _OF_GRANT.execute(unit.connection, of_grant=grant_id)), None)


def take_coupon(unit: UnitOfWork, pool: str, grant_id: str) -> str | None:
    """The code of a grant, taken from the pool if it has none yet; None if no code is left."""
    code = coupon_of(unit, grant_id)
    if code is not None:
        return code
    for row in _FREE.execute(unit.connection, of_pool=pool):
        _TAKE.execute(unit.connection, of_pool=pool, of_code=row.code, to_grant=grant_id)
        return str(row.code)
    return None


def pools_with_codes(unit: UnitOfWork, pools: Iterable[str]) -> set[str]:
    """Those of the pools in which a code is left."""
    rows = [{"wanted": pool} for pool in sorted(set(pools))]
    return {row.pool for row in _WITH_CODES.execute(unit.connection, rows)}


def coupon_pools(unit: UnitOfWork) -> Mapping[str, tuple[int, int]]:
    """How many codes each pool has, and how many of them are taken."""
    return {row.pool: (row.codes, row.taken) for row in _COUNT.execute(unit.connection)}
