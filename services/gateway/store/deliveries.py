"""Webhooks as they came, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag

from chassis import DAY, new_id
from chassis.config.sealing import Seal
from chassis.core.json import dump_json, load_json
from chassis.database.deletion import delete_oldest
from chassis.eventlog.unit_of_work import UnitOfWork
from services.gateway.store.tables import DELIVERIES

KEPT_DAYS = 30
_LISTED = tuple(c for c in DELIVERIES.columns if c.name not in ("headers", "body"))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A webhook that a shop has sent, with its headers and body.

    One that could not be recorded has a `next_try_at`. One that was sealed under another key is not
    readable, and has neither headers nor a body.
    """

    delivery_id: str
    source_id: str
    topic: str
    received_at: int
    status: str
    attempts: int
    next_try_at: int | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    is_readable: bool = True


def keep_delivery(
    unit: UnitOfWork,
    seal: Seal,
    *,
    source_id: str,
    topic: str,
    headers: Mapping[str, str],
    body: bytes,
    due_at: int | None = None,
) -> str:
    """Keep a webhook before it is understood; its id. It waits until it is settled."""
    delivery_id = new_id()
    row = {
        "delivery_id": delivery_id,
        "source_id": source_id,
        "topic": topic,
        "received_at": unit.now,
        "status": "waiting",
        "attempts": 0,
        "due_at": due_at,
        "headers": seal.close_bytes(dump_json(dict(headers)).encode(), delivery_id),
        "body": seal.close_bytes(body, delivery_id),
    }
    unit.connection.execute(sa.insert(DELIVERIES), [row])
    return delivery_id


def settle_delivery(
    unit: UnitOfWork, delivery_id: str, status: str, reason: str | None = None
) -> None:
    """Note what became of a delivery at an attempt: `done`, `failed`, `ignored`, `due` …"""
    unit.connection.execute(
        sa.update(DELIVERIES)
        .where(DELIVERIES.c.delivery_id == delivery_id)
        .values(
            status=status,
            reason=reason,
            attempts=DELIVERIES.c.attempts + 1,
            settled_at=unit.now,
            next_try_at=None,
        )
    )


def postpone_delivery(
    unit: UnitOfWork, delivery_id: str, attempts: int, reason: str, pause: int
) -> None:
    """Let a delivery wait for `pause` (µs), as it could not be recorded at this attempt.

    It stays as it is if somebody else has settled or postponed it since there were `attempts`.
    """
    is_as_it_was = sa.and_(
        DELIVERIES.c.delivery_id == delivery_id,
        DELIVERIES.c.status == "waiting",
        DELIVERIES.c.attempts == attempts,
    )
    unit.connection.execute(
        sa.update(DELIVERIES)
        .where(is_as_it_was)
        .values(reason=reason, attempts=attempts + 1, next_try_at=unit.now + pause)
    )


def list_deliveries(
    unit: UnitOfWork,
    *,
    delivery_id: str | None = None,
    source_id: str | None = None,
    status: str | None = None,
    topic: str | None = None,
    limit: int = 100,
) -> list[dict[str, Any]]:
    """The newest deliveries of a source, a status or a topic, without what is in them.

    With `delivery_id` it is the one.
    """
    query = sa.select(*_LISTED)
    wanted = {
        "delivery_id": delivery_id,
        "source_id": source_id,
        "status": status,
        "topic": topic,
    }
    for name, value in wanted.items():
        if value is not None:
            query = query.where(DELIVERIES.c[name] == value)
    newest = (DELIVERIES.c.received_at.desc(), DELIVERIES.c.delivery_id.desc())
    rows = unit.connection.execute(query.order_by(*newest).limit(limit))
    return [dict(row) for row in rows.mappings()]


def load_delivery(unit: UnitOfWork, seal: Seal, delivery_id: str) -> Delivery | None:
    """A delivery with its headers and body; None if there is none, or none any more."""
    query = sa.select(DELIVERIES).where(DELIVERIES.c.delivery_id == delivery_id)
    row = unit.connection.execute(query).one_or_none()
    return None if row is None else _delivery(row, seal)


def waiting_deliveries(
    unit: UnitOfWork, seal: Seal, limit: int = 25, retries: int = 3
) -> list[Delivery]:
    """Deliveries that nobody has settled yet, with their contents.

    First come those that were not tried yet, the oldest first, then some whose next try is due.
    """
    of_new = DELIVERIES.c.next_try_at.is_(None)
    of_retried = DELIVERIES.c.next_try_at <= unit.now
    oldest = (DELIVERIES.c.received_at, DELIVERIES.c.delivery_id)
    longest_due = (DELIVERIES.c.next_try_at, DELIVERIES.c.delivery_id)
    query = sa.select(DELIVERIES).where(DELIVERIES.c.status == "waiting")
    rows = [
        *unit.connection.execute(query.where(of_new).order_by(*oldest).limit(limit)),
        *unit.connection.execute(query.where(of_retried).order_by(*longest_due).limit(retries)),
    ]
    return [_delivery(row, seal) for row in rows]


def waiting_age(unit: UnitOfWork) -> int:
    """How long (µs) the oldest delivery has waited that nobody has settled yet; 0 if none waits."""
    query = sa.select(sa.func.min(DELIVERIES.c.received_at)).where(DELIVERIES.c.status == "waiting")
    oldest: int | None = unit.connection.execute(query).scalar_one()
    return 0 if oldest is None else max(0, unit.now - oldest)


def await_again(
    unit: UnitOfWork,
    *,
    delivery_id: str | None = None,
    source_id: str | None = None,
    status: str | None = None,
) -> int:
    """Let deliveries wait to be understood again: one, or those of a source and a status.

    What is to be tried again later is tried at once.
    """
    is_settled = DELIVERIES.c.status.not_in(("waiting", "due"))
    is_postponed = sa.and_(DELIVERIES.c.status == "waiting", DELIVERIES.c.next_try_at.is_not(None))
    query = sa.update(DELIVERIES).where(sa.or_(is_settled, is_postponed))
    wanted = {"delivery_id": delivery_id, "source_id": source_id, "status": status}
    for name, value in wanted.items():
        if value is not None:
            query = query.where(DELIVERIES.c[name] == value)
    return unit.connection.execute(query.values(status="waiting", next_try_at=None)).rowcount


def _delivery(row: sa.Row[Any], seal: Seal) -> Delivery:
    is_readable = True
    try:
        headers = load_json(seal.open_bytes(row.headers, row.delivery_id))
        body = seal.open_bytes(row.body, row.delivery_id)
    except InvalidTag:  # it must hold up no other
        headers, body, is_readable = {}, b"", False
    return Delivery(
        delivery_id=row.delivery_id,
        source_id=row.source_id,
        topic=row.topic,
        received_at=row.received_at,
        status=row.status,
        attempts=row.attempts,
        next_try_at=row.next_try_at,
        headers=headers,
        body=body,
        is_readable=is_readable,
    )


def forget_deliveries(unit: UnitOfWork) -> int:
    """Delete some of the deliveries that are too old; how many.

    What is due is kept until it is done, and what waits until it is settled.
    """
    age = DELIVERIES.c.received_at
    is_settled = DELIVERIES.c.status.not_in(("waiting", "due"))
    too_old = sa.and_(age < unit.now - KEPT_DAYS * DAY, is_settled)
    return delete_oldest(unit.connection, DELIVERIES, too_old, age)
