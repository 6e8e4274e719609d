"""What a service declares of its read model, so that it can be built again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import sqlalchemy as sa

from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.inbox import Projection


class LockMode(Enum):
    """Whom a lock of a table keeps out, in PostgreSQL's words."""

    EXCLUSIVE = "EXCLUSIVE"  # writers
    ACCESS_EXCLUSIVE = "ACCESS EXCLUSIVE"  # readers too


def _evaluate_nothing(shadow: UnitOfWorkRunner, report: Callable[[int], None]) -> None:
    del shadow, report


def _record_nothing(unit: UnitOfWork) -> bool:
    del unit
    return False


def _note_nothing(_unit: UnitOfWork) -> None:
    pass


@dataclass(frozen=True, slots=True)
class ReadModel:
    """A service's read model, and how it is built again.

    `tables` are exchanged. They are locked in this order, which must be that of the service's own
    transactions. A lock of `lock_tables` in `lock_mode` keeps every writer of `tables` waiting.
    `projections` make the tables from the events of each source; the service's own name stands for
    its own log. `evaluate` computes, in the shadow, what depends on more than single events, and
    reports how much it has done. After the exchange `record_changes` appends to the service's own
    log a part of what has changed, and returns whether there may be more. `note_exchange` is called
    in the transaction that exchanges the tables.
    """

    service: str
    tables: Sequence[sa.Table]
    lock_tables: Sequence[sa.Table]
    projections: Mapping[str, Projection]
    lock_mode: LockMode = LockMode.EXCLUSIVE
    evaluate: Callable[[UnitOfWorkRunner, Callable[[int], None]], None] = _evaluate_nothing
    record_changes: Callable[[UnitOfWork], bool] = _record_nothing
    note_exchange: Callable[[UnitOfWork], None] = _note_nothing
