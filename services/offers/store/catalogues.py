"""The catalogues that were in force, and their statements."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from chassis.core.applied_files import AppliedFile
from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.store.tables import CATALOGUES


def applied_catalogues(unit: UnitOfWork) -> Sequence[AppliedFile]:
    """The catalogues that were in force at some time, that which is now last."""
    columns = (CATALOGUES.c.fingerprint, CATALOGUES.c.is_shipped)
    rows = unit.connection.execute(sa.select(*columns).order_by(CATALOGUES.c.number))
    return [AppliedFile(row.fingerprint, bool(row.is_shipped)) for row in rows]


def catalogue_text(unit: UnitOfWork, fingerprint: str) -> str | None:
    """The offers.yaml of this fingerprint; None if none was ever in force."""
    query = sa.select(CATALOGUES.c.text).where(CATALOGUES.c.fingerprint == fingerprint)
    return unit.connection.execute(query).scalar()


def put_catalogue(unit: UnitOfWork, fingerprint: str, text: str, *, is_shipped: bool) -> None:
    """Put an offers.yaml in force.

    Two units that do so at once collide on the number: the later one is run again.
    """
    newest = sa.select(sa.func.coalesce(sa.func.max(CATALOGUES.c.number), 0))
    row = {
        "number": unit.connection.execute(newest).scalar_one() + 1,
        "is_shipped": is_shipped,
        "applied_at": unit.now,
    }
    statement = upsert(unit.connection, CATALOGUES).values(
        fingerprint=fingerprint, text=text, **row
    )
    unit.connection.execute(
        statement.on_conflict_do_update(index_elements=[CATALOGUES.c.fingerprint], set_=row)
    )
