"""How much of each budget is used, and by which grants.

Rows are locked in this order: grants, the holds of their budgets, budgets sorted by id.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.caps import GRACE
from services.offers.store.tables import BUDGET_HOLDS, BUDGETS, GRANTS

_HOLD = RowStatement(
    """
    INSERT INTO budget_holds (grant_id, budget_id, amount, expires_at)
    SELECT text[grant_id], text[budget_id], number[amount], number[expires_at] FROM {rows}
    """
)


class BudgetHold(NamedTuple):
    """A part of a budget, for one grant: 1 of a number of grants, or minor units."""

    grant_id: str
    budget_id: str
    amount: int
    expires_at: int


def take_budget(unit: UnitOfWork, limit: int, holds: Sequence[BudgetHold]) -> set[str]:
    """The ids of those grants, in their order, that one budget has room for up to `limit`.

    A grant that has its part already is among them, and takes none.
    """
    budget_id = holds[0].budget_id
    query = sa.select(BUDGET_HOLDS.c.grant_id).where(
        BUDGET_HOLDS.c.grant_id.in_([hold.grant_id for hold in holds])
    )
    taken = set(unit.connection.execute(query).scalars())
    new = [hold for hold in holds if hold.grant_id not in taken]
    if new and not _use(unit, budget_id, sum(hold.amount for hold in new), limit):
        new = _fitting(new, limit - _locked_use(unit, budget_id))
        _use(unit, budget_id, sum(hold.amount for hold in new), limit)
    if new:
        _HOLD.execute(unit.connection, [hold._asdict() for hold in new])
    return taken | {hold.grant_id for hold in new}


def _use(unit: UnitOfWork, budget_id: str, amount: int, limit: int) -> bool:
    statement = (
        sa.update(BUDGETS)
        .where(BUDGETS.c.budget_id == budget_id, BUDGETS.c.used + amount <= limit)
        .values(used=BUDGETS.c.used + amount)
    )
    return unit.connection.execute(statement).rowcount == 1


def _locked_use(unit: UnitOfWork, budget_id: str) -> int:
    """How much is used of a budget, whose row is made if there is none, and locked."""
    new = upsert(unit.connection, BUDGETS).values(budget_id=budget_id, used=0)
    unit.connection.execute(new.on_conflict_do_nothing())
    query = sa.select(BUDGETS.c.used).where(BUDGETS.c.budget_id == budget_id).with_for_update()
    return int(unit.connection.execute(query).scalar_one())


def _fitting(holds: Iterable[BudgetHold], room: int) -> list[BudgetHold]:
    fitting = []
    for hold in holds:
        if hold.amount <= room:
            fitting.append(hold)
            room -= hold.amount
    return fitting


def load_budgets(unit: UnitOfWork, budget_ids: Iterable[str]) -> dict[str, int]:
    """How much is used of budgets, of those of which anything ever was."""
    wanted = sorted(budget_ids)
    if not wanted:
        return {}
    rows = unit.connection.execute(sa.select(BUDGETS).where(BUDGETS.c.budget_id.in_(wanted)))
    return {row.budget_id: row.used for row in rows}


def keep_holds(unit: UnitOfWork, grant_id: str, expires_at: int | None) -> bool:
    """Have a grant keep its part until then, or for good; False if it has none any more."""
    statement = sa.update(BUDGET_HOLDS).where(BUDGET_HOLDS.c.grant_id == grant_id)
    return unit.connection.execute(statement.values(expires_at=expires_at)).rowcount == 1


def give_back(unit: UnitOfWork, grant_ids: Sequence[str]) -> None:
    """Give the parts of grants back to their budgets."""
    if grant_ids:
        _drop(unit, BUDGET_HOLDS.c.grant_id.in_(sorted(grant_ids)))


def give_back_unused(unit: UnitOfWork, grant_ids: Sequence[str]) -> None:
    """Give the parts back that were taken for grants which there are not."""
    ids = sorted(grant_ids)
    # Whoever grants just now has its part locked: what came of it is known once that is waited for.
    parts = sa.select(BUDGET_HOLDS.c.grant_id).where(BUDGET_HOLDS.c.grant_id.in_(ids))
    unit.connection.execute(parts.order_by(BUDGET_HOLDS.c.grant_id).with_for_update())
    granted = sa.select(GRANTS.c.grant_id).where(GRANTS.c.grant_id.in_(ids))
    give_back(unit, sorted({*ids} - {*unit.connection.execute(granted).scalars()}))


def give_back_overdue(unit: UnitOfWork, limit: int) -> int:
    """Give back up to `limit` parts whose time is over; how many.

    Their grants came to nothing: what expires or is confirmed has none that can be overdue.
    """
    overdue = (
        sa.select(BUDGET_HOLDS.c.grant_id)
        .where(BUDGET_HOLDS.c.expires_at <= unit.now - GRACE)
        .order_by(BUDGET_HOLDS.c.expires_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = list(unit.connection.execute(overdue).scalars())
    give_back(unit, found)
    return len(found)


def _drop(unit: UnitOfWork, which: sa.ColumnElement[bool]) -> None:
    gone = sa.delete(BUDGET_HOLDS).where(which)
    returning = gone.returning(BUDGET_HOLDS.c.budget_id, BUDGET_HOLDS.c.amount)
    back: Counter[str] = Counter()
    for row in unit.connection.execute(returning):
        back[row.budget_id] += row.amount
    for budget_id, amount in sorted(back.items()):
        unit.connection.execute(
            sa.update(BUDGETS)
            .where(BUDGETS.c.budget_id == budget_id)
            .values(used=BUDGETS.c.used - amount)
        )
