"""How a service is: what the call `status` answers, read from its database.

Whoever has the database's URI can ask the same when no process of the service answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from chassis.core.instants import format_instant
from chassis.database.clock import database_now
from chassis.database.tables import DEAD_LETTERS, LOG_INCARNATIONS, RECONCILED
from chassis.database.writable import write_problem
from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, measure_all
from chassis.observability.replicas import list_replicas

_REVISION = sa.text("SELECT version_num FROM alembic_version")
_INCARNATION = sa.select(sa.func.max(LOG_INCARNATIONS.c.incarnation))
_COMPARISONS = sa.select(
    RECONCILED.c.source,
    RECONCILED.c.incarnation,
    (database_now() - RECONCILED.c.compared_at).label("age"),
).order_by(RECONCILED.c.source)
_NEWEST_LETTER = sa.select(sa.func.max(DEAD_LETTERS.c.id)).where(
    DEAD_LETTERS.c.redriven_at.is_(None)
)


def newest_revision(migrations: Path) -> str | None:
    """The newest of a service's revisions, whose files begin with their numbers; None without."""
    numbers = [path.name.partition("_")[0] for path in migrations.glob("[0-9]*_*.py")]
    return max(numbers, default=None)


def read_status(
    unit: UnitOfWork,
    expected_revision: str | None,
    sources: Sequence[str],
    queries: Sequence[GaugeQuery],
) -> dict[str, Any]:
    """The state of the service whose database this is, which follows `sources`.

    `queries` are the gauges of its own tables. Ages are in milliseconds by the database's clock.
    """
    now = unit.connection.execute(sa.select(database_now())).scalar_one()
    return {
        "now": format_instant(now),
        "schema": {"revision": _revision(unit.connection), "expected": expected_revision},
        "incarnation": unit.connection.execute(_INCARNATION).scalar() or 1,
        "restore_unconfirmed": unit.waits_for_operator(),
        "write_problem": write_problem(unit.connection),
        "comparisons": [
            {
                "source": row.source,
                "incarnation": row.incarnation,
                "age_ms": None if row.age is None else max(0, row.age) // 1_000,
            }
            for row in unit.connection.execute(_COMPARISONS)
        ],
        "newest_dead_letter": unit.connection.execute(_NEWEST_LETTER).scalar(),
        "gauges": [
            {
                "name": name,
                "labels": dict(zip(query.labels, labels, strict=True)),
                "value": float(value),
            }
            for query, (name, labels, value) in measure_all(unit, sources, queries)
        ],
        "replicas": list_replicas(unit),
    }


def _revision(connection: sa.Connection) -> str | None:
    """The revision of the tables; None if no migration of ours made them."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.execute(_REVISION).scalar()
    return revision
