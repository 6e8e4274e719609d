"""Rows of a support desk's repairs."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.state import IdentityState, Repair
from services.identity.store.tables import REPAIRS

_MOST_REPAIRS = 100  # of one profile: what was repaired before them is not taken back exactly


def load_repairs(unit: UnitOfWork, state: IdentityState, profiles: Collection[str]) -> None:
    """Load into `state` the newest repairs that have made or parted any of these profiles."""
    wanted = sorted(profiles)
    columns = (REPAIRS.c.whole, REPAIRS.c.one, REPAIRS.c.other)
    query = (
        sa.select(REPAIRS)
        .where(sa.or_(*(column.in_(wanted) for column in columns)))
        .order_by(REPAIRS.c.id.desc())
        .limit(_MOST_REPAIRS)
    )
    rows = unit.connection.execute(query).all()
    state.repairs = [_repair_of(row) for row in reversed(rows)]


def save_repair(unit: UnitOfWork, repair: Repair) -> None:
    """Store the repair that has just been made."""
    one, other = repair.sides
    unit.connection.execute(
        sa.insert(REPAIRS).values(
            id=repair.id,
            kind=repair.kind,
            whole=repair.whole,
            one=one,
            other=other,
            takes_back=repair.takes_back,
            changed={
                "sides": [repair.sides[one], repair.sides[other]],
                "strangers": repair.strangers,
                "strays": repair.strays,
                "rows": [[key, fields] for key, fields in repair.changes.items()],
                "groups": repair.mates,
            },
        )
    )


def _repair_of(row: Any) -> Repair:
    one, other = (tuple(streams) for streams in row.changed["sides"])
    return Repair(
        row.id,
        row.kind,
        row.whole,
        row.takes_back,
        {row.one: one, row.other: other},
        tuple(row.changed["strangers"]),
        tuple(row.changed["strays"]),
        {
            tuple(key): {name: (was, now) for name, (was, now) in fields.items()}
            for key, fields in row.changed["rows"]
        },
        {group: tuple(mates) for group, mates in row.changed["groups"].items()},
    )
