"""Signs of life: what each process of a service says of itself in the service's database.

Every process renews its row every few seconds and removes it when it stops in order. A row that is
no longer renewed is that of a process which was killed, hangs, or does not reach its database.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from chassis.core.instants import format_instant
from chassis.database.clock import database_now
from chassis.database.engine import upsert
from chassis.database.tables import REPLICAS
from chassis.eventlog.unit_of_work import UnitOfWork

# Who was killed is remembered for so long, in microseconds.
_KEPT = 3_600 * 1_000_000
# What a process said of its clock is of use for so long: two signs of life.
_FRESH = 10 * 1_000_000


@dataclass(frozen=True, slots=True)
class Replica:
    """One process of a service: what does not change while it runs.

    `configuration` has the SHA-256 of each configuration file that it has read.
    """

    id: str
    role: str
    release: str
    configuration: Mapping[str, str]


def renew(unit: UnitOfWork, replica: Replica, skew: int, *, broker_connected: bool) -> None:
    """Write a process's row, dated by the database's clock; `skew` in microseconds."""
    row = {
        "id": replica.id,
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "role": replica.role,
        "release": replica.release,
        "configuration": dict(replica.configuration),
        "skew": skew,
        "broker_connected": broker_connected,
    }
    now = database_now()
    insert = upsert(unit.connection, REPLICAS).values(row | {"started_at": now, "seen_at": now})
    changes = {"skew": skew, "broker_connected": broker_connected, "seen_at": now}
    unit.connection.execute(insert.on_conflict_do_update(index_elements=["id"], set_=changes))


def remove(unit: UnitOfWork, replica: Replica) -> None:
    """Delete a process's row: it stops in order."""
    unit.connection.execute(sa.delete(REPLICAS).where(REPLICAS.c.id == replica.id))


def remove_old(unit: UnitOfWork) -> None:
    """Delete the rows of processes that nobody has seen for an hour."""
    unit.connection.execute(sa.delete(REPLICAS).where(REPLICAS.c.seen_at < database_now() - _KEPT))


def measure_skew(unit: UnitOfWork) -> int:
    """How many microseconds this process's clock is ahead of the database's, at the least.

    A question that takes long says little: what could be its delay is taken for none of the skew.
    """
    before = time.time_ns() // 1_000
    there = int(unit.connection.execute(sa.select(database_now())).scalar_one())
    after = time.time_ns() // 1_000
    return skew_between(before, there, after)


def skews_of_others(unit: UnitOfWork) -> list[int]:
    """How many microseconds the clocks of the other processes are ahead of the database's.

    A sign of life that is old, or is dated in the future, was compared with another time of it.
    """
    now = database_now()
    query = sa.select(REPLICAS.c.skew).where(
        REPLICAS.c.seen_at.between(now - _FRESH, now),
        sa.or_(REPLICAS.c.host != socket.gethostname(), REPLICAS.c.pid != os.getpid()),
    )
    return list(unit.connection.execute(query).scalars())


def skew_between(before: int, there: int, after: int) -> int:
    """The least skew of our clock when another one said `there` between two of our instants."""
    if there < before:
        return before - there
    return min(0, after - there)


def list_replicas(unit: UnitOfWork) -> list[dict[str, Any]]:
    """The rows of all processes, the oldest first, as the call `status` shows them."""
    age = (database_now() - REPLICAS.c.seen_at).label("age")
    query = sa.select(REPLICAS, age).order_by(REPLICAS.c.started_at, REPLICAS.c.id)
    names = ("id", "host", "pid", "role", "release", "configuration")
    return [
        {
            **{name: row[name] for name in names},
            "skew_ms": round(row["skew"] / 1_000),
            "broker_connected": bool(row["broker_connected"]),
            "started_at": format_instant(row["started_at"]),
            "seen_ms": max(0, row["age"]) // 1_000,
        }
        for row in unit.connection.execute(query).mappings()
    ]
