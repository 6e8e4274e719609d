"""The queue of deferred events, what could not be recorded of it, and its lease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.database.bulk import RowStatement
from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.prepared import PreparedStatement
from chassis.eventlog.unit_of_work import UnitOfWork
from services.profiles.store.tables import DEFERRED, LEASE, WAITS

# What failed is tried again after this pause, which doubles, in seconds. A time to try that lies
# further ahead than the longest was set before the database's clock was set back.
_FIRST_PAUSE = 5
_LONGEST_PAUSE = 60
_BY_HAND = "an operator set it aside"
# Up to so many rows are counted one by one.
_COUNTED = 10_000
_HAS_DEFERRED = PreparedStatement(sa.select(sa.exists().where(WAITS)))
_DEFER = RowStatement(
    """
    INSERT INTO waiting (event_id, received_at, sealed)
    SELECT text[event_id], number[received_at], text[sealed] FROM {rows} WHERE true
    ON CONFLICT (event_id) DO NOTHING
    """
)


@dataclass(frozen=True, slots=True)
class DeferredEvent:
    """An event that was accepted while identity did not answer, sealed."""

    place: int
    event_id: str
    received_at: int
    sealed: str
    failures: int = 0


@dataclass(frozen=True, slots=True)
class UnrecordableEvent:
    """A deferred event that could not be recorded, and why; received at (µs) by profiles."""

    event_id: str
    received_at: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeferredCounts:
    """How many events wait, for how many seconds the first does, and how many are unrecordable."""

    waiting: int
    seconds: float
    unrecordable: int


def deferred_state(unit: UnitOfWork, event_id: str) -> tuple[bool, str | None]:
    """Whether an event is deferred, and the reason if it could not be recorded."""
    query = sa.select(DEFERRED.c.refused).where(DEFERRED.c.event_id == event_id)
    row = unit.connection.execute(query).first()
    return row is not None, None if row is None else row.refused


def has_deferred_events(unit: UnitOfWork) -> bool:
    """Whether there are deferred events, behind which all later ones have to queue."""
    return bool(_HAS_DEFERRED.execute(unit.connection)[0][0])


def load_deferred(unit: UnitOfWork, limit: int, after: int = 0) -> list[DeferredEvent]:
    """The deferred events past a place that have waited longest."""
    query = _SELECT_DEFERRED.where(WAITS, DEFERRED.c.place > after).order_by(DEFERRED.c.place)
    return _deferred(unit, query.limit(limit))


def load_deferred_by_id(unit: UnitOfWork, event_ids: Sequence[str]) -> list[DeferredEvent]:
    """The deferred events among `event_ids`."""
    return _deferred(unit, _SELECT_DEFERRED.where(DEFERRED.c.event_id.in_(sorted(event_ids))))


def load_due(unit: UnitOfWork, limit: int) -> list[DeferredEvent]:
    """The events that could not be recorded and are to be tried again by now."""
    query = _SELECT_DEFERRED.where(_due()).order_by(DEFERRED.c.try_at, DEFERRED.c.place)
    return _deferred(unit, query.limit(limit))


def last_place(unit: UnitOfWork) -> int:
    """The place of the last event in the queue, 0 for none."""
    query = sa.select(DEFERRED.c.place).where(WAITS).order_by(DEFERRED.c.place.desc()).limit(1)
    return unit.connection.execute(query).scalar() or 0


def is_work_waiting(unit: UnitOfWork) -> bool:
    """Whether there are deferred events, or others that are to be tried again by now."""
    query = sa.select(sa.or_(sa.exists().where(WAITS), sa.exists().where(_due())))
    return bool(unit.connection.execute(query).scalar())


_SELECT_DEFERRED = sa.select(
    DEFERRED.c.place,
    DEFERRED.c.event_id,
    DEFERRED.c.received_at,
    DEFERRED.c.sealed,
    DEFERRED.c.failures,
)


def _deferred(unit: UnitOfWork, query: sa.Select[Any]) -> list[DeferredEvent]:
    return [DeferredEvent(*row) for row in unit.connection.execute(query)]


def _due() -> sa.ColumnElement[bool]:
    """Its time has come, or lies further ahead than any that we set."""
    now = sa.select(database_now()).scalar_subquery()  # asked once, so that the index is of use
    never = sa.select(database_now() + _LONGEST_PAUSE * 1_000_000).scalar_subquery()
    return sa.and_(
        ~WAITS,
        DEFERRED.c.try_at.is_not(None),
        sa.or_(DEFERRED.c.try_at <= now, DEFERRED.c.try_at > never),
    )


def defer(unit: UnitOfWork, sealed: Sequence[tuple[str, str]]) -> None:
    """Put events (id, sealed body) at the end of the queue, those that are not in it yet."""
    rows = [{"event_id": id_, "received_at": unit.now, "sealed": body} for id_, body in sealed]
    _DEFER.execute(unit.connection, rows)


def remove_deferred(unit: UnitOfWork, places: Sequence[int]) -> None:
    """Take events out of the queue, as they are in the log."""
    unit.connection.execute(sa.delete(DEFERRED).where(DEFERRED.c.place.in_(places)))


def keep_unrecordable(unit: UnitOfWork, reasons: Mapping[str, str]) -> int:
    """Set events, by id, aside with the reason why they cannot be recorded; how many there were."""
    changed = 0
    for event_id, reason in reasons.items():
        query = sa.update(DEFERRED).where(DEFERRED.c.event_id == event_id)
        result = unit.connection.execute(query.values(refused=reason, try_at=None))
        changed += int(result.rowcount)
    return changed


def note_failure(unit: UnitOfWork, event_id: str, reason: str, failures: int) -> None:
    """An event has failed so many times: it is tried again after a pause."""
    pause = min(_FIRST_PAUSE * 2 ** max(0, failures - 1), _LONGEST_PAUSE)
    try_at = database_now() + pause * 1_000_000
    query = sa.update(DEFERRED).where(DEFERRED.c.event_id == event_id)
    unit.connection.execute(query.values(refused=reason, failures=failures, try_at=try_at))


def list_unrecordable(unit: UnitOfWork, limit: int) -> list[UnrecordableEvent]:
    """The unrecordable events that came last."""
    query = (
        sa.select(DEFERRED.c.event_id, DEFERRED.c.received_at, DEFERRED.c.refused)
        .where(DEFERRED.c.refused.is_not(None))
        .order_by(DEFERRED.c.place.desc())
        .limit(limit)
    )
    return [
        UnrecordableEvent(row.event_id, row.received_at, row.refused)
        for row in unit.connection.execute(query)
    ]


def defer_again(unit: UnitOfWork, event_ids: Sequence[str]) -> int:
    """Let unrecordable events wait again, where they were in the queue; all of them for none."""
    again = {"refused": None, "failures": 0, "try_at": None}
    query = sa.update(DEFERRED).where(DEFERRED.c.refused.is_not(None)).values(again)
    if event_ids:
        query = query.where(DEFERRED.c.event_id.in_(event_ids))
    return int(unit.connection.execute(query).rowcount)


def set_aside(unit: UnitOfWork, event_ids: Sequence[str]) -> int:
    """Take events out of the queue for an operator, not to be tried again; how many."""
    return keep_unrecordable(unit, dict.fromkeys(sorted(set(event_ids)), _BY_HAND))


def count_deferred(unit: UnitOfWork) -> DeferredCounts:
    """How many deferred events there are, and how long the first has waited.

    It costs the same however many there are: past some thousands their places tell how many.
    """
    first = sa.select(DEFERRED.c.received_at).where(WAITS).order_by(DEFERRED.c.place).limit(1)
    age = unit.connection.execute(sa.select(database_now() - first.scalar_subquery())).scalar_one()
    return DeferredCounts(_count(unit, WAITS), max(0, age or 0) / 1_000_000, _count(unit, ~WAITS))


def _count(unit: UnitOfWork, which: sa.ColumnElement[bool]) -> int:
    some = sa.select(DEFERRED.c.place).where(which).limit(_COUNTED).subquery()
    counted = unit.connection.execute(sa.select(sa.func.count()).select_from(some)).scalar_one()
    if counted < _COUNTED:
        return int(counted)
    ends = sa.select(sa.func.max(DEFERRED.c.place) - sa.func.min(DEFERRED.c.place) + 1)
    return int(unit.connection.execute(ends.where(which)).scalar_one())


def take_lease(unit: UnitOfWork, holder: str, seconds: float) -> bool:
    """Whether `holder` alone may record deferred events for so long.

    A lease that runs for longer than that was taken before the database's clock was set back: it
    counts as run out.
    """
    name = "waiting"
    until = database_now() + int(seconds * 1_000_000)
    row = {"name": name, "holder": holder, "until": 0}
    insert = upsert(unit.connection, LEASE).values(row).on_conflict_do_nothing()
    unit.connection.execute(insert)
    query = (
        sa.update(LEASE)
        .where(
            LEASE.c.name == name,
            sa.or_(LEASE.c.until < database_now(), LEASE.c.until > until),
        )
        .values(holder=holder, until=until)
    )
    return bool(unit.connection.execute(query).rowcount)


def hold_lease(unit: UnitOfWork, holder: str, seconds: float) -> bool:
    """Whether `holder` still has the lease, which is then renewed for so long."""
    until = database_now() + int(seconds * 1_000_000)
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=until)
    return bool(unit.connection.execute(query).rowcount)


def give_lease_back(unit: UnitOfWork, holder: str) -> None:
    """Let others record deferred events."""
    query = sa.update(LEASE).where(LEASE.c.holder == holder).values(until=0)
    unit.connection.execute(query)
