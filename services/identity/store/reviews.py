"""The review list."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from chassis import new_id
from chassis.database.bulk import among
from chassis.database.engine import upsert
from chassis.eventlog.unit_of_work import UnitOfWork
from services.identity.domain.review import ReviewSubject
from services.identity.store.tables import REVIEWS


def fresh_reviews(
    unit: UnitOfWork, subjects: Collection[ReviewSubject], since: int
) -> set[ReviewSubject]:
    """Those of `subjects` that are open, and were seen at `since` or later."""
    query = sa.select(*(REVIEWS.c[name] for name in ReviewSubject._fields)).where(
        REVIEWS.c.kind.in_({subject.kind for subject in subjects}),
        among(REVIEWS.c.subject, "subjects"),
        REVIEWS.c.done_at.is_(None),
        REVIEWS.c.last_at >= since,
    )
    names = sorted({subject.subject for subject in subjects})
    rows = unit.connection.execute(query, {"subjects": names})
    return {ReviewSubject(*row) for row in rows} & set(subjects)


def save_reviews(unit: UnitOfWork, entries: Mapping[ReviewSubject, str]) -> None:
    """Put entries on the review list; one that is on it was seen again, and is open again.

    `entries` maps what they are about to the event that showed it.
    """
    rows = [
        {
            "id": new_id(),
            **subject._asdict(),
            "event_id": event_id,
            "first_at": unit.now,
            "last_at": unit.now,
        }
        for subject, event_id in sorted(entries.items())
    ]
    statement = upsert(unit.connection, REVIEWS)
    statement = statement.on_conflict_do_update(
        index_elements=["kind", "subject", "about", "reason"],
        set_={
            "last_at": sa.case(
                (REVIEWS.c.last_at > statement.excluded.last_at, REVIEWS.c.last_at),
                else_=statement.excluded.last_at,
            ),
            "event_id": statement.excluded.event_id,
            "done_at": None,
            "done_by": None,
        },
    )
    unit.connection.execute(statement.returning(REVIEWS.c.id), rows)


def list_reviews(
    unit: UnitOfWork, kind: str | None, limit: int, *, include_done: bool
) -> list[dict[str, Any]]:
    """The entries of the review list, the newest first; those that are open, or all."""
    query = sa.select(REVIEWS)
    if not include_done:
        query = query.where(REVIEWS.c.done_at.is_(None))
    if kind:
        query = query.where(REVIEWS.c.kind == kind)
    query = query.order_by(REVIEWS.c.last_at.desc(), REVIEWS.c.id).limit(limit)
    return [dict(row) for row in unit.connection.execute(query).mappings()]


def close_review(unit: UnitOfWork, review_id: str, by: str | None) -> bool:
    """Take an entry off the review list, unless it is off; whether there is one."""
    found = sa.select(REVIEWS.c.id).where(REVIEWS.c.id == review_id).with_for_update()
    if unit.connection.execute(found).first() is None:
        return False
    query = sa.update(REVIEWS).where(REVIEWS.c.id == review_id, REVIEWS.c.done_at.is_(None))
    unit.connection.execute(query.values(done_at=unit.now, done_by=by))
    return True
