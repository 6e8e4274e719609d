"""A profile as people and other services read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chassis.core.instants import format_instant
from rules.summary.summary import Summary


def profile_view(summary: Summary) -> dict[str, Any]:
    """Traits, orders, loyalty and consent: RFC 3339 instants, minor units by currency.

    Every event counts, whatever its date. Cancelled orders are left out; revenue is net of
    refunds, and an order without revenue or currency adds none.
    """
    book = summary.book(None).orders
    revenue: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for order in book:
        if order.currency is not None:
            revenue[order.currency] += order.net
        categories.update(order.categories)
    traits = summary.traits()
    return {
        "traits": traits,
        "orders": {
            "count": len(book),
            "items": sum(order.items for order in book),
            "revenue": dict(sorted(revenue.items())),
            "first_at": format_instant(book[0].at) if book else None,
            "last_at": format_instant(book[-1].at) if book else None,
            "categories": dict(sorted(categories.items())),
        },
        "loyalty": {
            "enrolled": traits.get("loyalty_enrolled") is True,
            "tier": traits.get("loyalty_tier"),
            "points": summary.points,
        },
        "consent": summary.consents(),
        "events": summary.events,
        "first_seen_at": _rfc3339(summary.first_seen),
        "last_seen_at": _rfc3339(summary.last_seen),
    }


def _rfc3339(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
