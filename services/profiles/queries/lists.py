"""Lists for people, and the gauges of what waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from chassis.eventlog.unit_of_work import UnitOfWork
from chassis.observability.gauges import GaugeQuery, Sample
from contracts.profiles import (
    EVENT_CONFLICT,
    ORDER_REVIEW,
    UNRECORDABLE_EVENT,
)
from profile_index import profiles_of
from services.profiles import store
from services.profiles.domain.order_plan import REUSED


def list_order_reviews(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The response of `review`: the open entries, those seen last first."""
    rows = store.list_order_reviews(unit, limit)
    profiles = profiles_of(unit, [s for row in rows for s in (row.home_stream, row.stream_id)])
    return [
        ORDER_REVIEW.dump(
            {
                "id": row.id,
                "kind": row.kind,
                "store": row.store or None,
                "order_id": row.order_id,
                "profile_id": profiles.get(row.home_stream),
                "other_profile_id": profiles.get(row.stream_id) if row.kind == REUSED else None,
                "event_id": row.event_id,
                "first_at": row.first_at,
                "last_at": row.last_at,
            }
        )
        for row in rows
    ]


def list_conflicts(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The newest events whose id stands for another one."""
    conflicts = store.list_conflicts(unit, limit)
    return [EVENT_CONFLICT.dump(asdict(each)) for each in conflicts]


def list_unrecordable(unit: UnitOfWork, limit: int) -> list[dict[str, Any]]:
    """The newest events that waited for identity and could not be recorded."""
    return [UNRECORDABLE_EVENT.dump(asdict(e)) for e in store.list_unrecordable(unit, limit)]


def _measure_deferred(unit: UnitOfWork) -> Iterator[Sample]:
    counts = store.count_deferred(unit)
    yield "cdp_waiting_events", [], counts.waiting
    yield "cdp_waiting_age_seconds", [], counts.seconds
    yield "cdp_unrecordable_events", [], counts.unrecordable


DEFERRED_GAUGES = GaugeQuery(
    {
        "cdp_waiting_events": "Events that wait for identity.",
        "cdp_waiting_age_seconds": "How long ago the oldest of them was received.",
        "cdp_unrecordable_events": "Events that waited for identity and could not be recorded.",
    },
    _measure_deferred,
)
