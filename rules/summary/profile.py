"""A profile as people and other services read it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from chassis.core.instants import format_instant
from rules.fields import Number, add_up
from rules.summary.summary import Summary


def profile_view(summary: Summary, now: int | None = None) -> dict[str, Any]:
    """Traits, orders, loyalty and consent: RFC 3339 instants, minor units by currency.

    What is dated later than `now` does not count yet; None counts every event. Orders that do not
    stand are left out; revenue is net of refunds, those of no order too, so it may be below zero.
    An order without revenue or currency adds none. Items are rounded to whole pieces.
    """
    payments = summary.book(now).payments
    book = summary.book(now).orders
    revenue: Counter[str] = Counter()
    categories: dict[str, list[Number]] = {}
    for payment in payments:
        if payment.currency is not None:
            revenue[payment.currency] += payment.net
    for order in book:
        for category, items in order.categories.items():
            categories.setdefault(category, []).append(items)
    traits = summary.traits(now)
    return {
        "traits": traits,
        "orders": {
            "count": len(book),
            "items": round(add_up(order.items for order in book)),
            "revenue": dict(sorted(revenue.items())),
            "first_at": format_instant(book[0].at) if book else None,
            "last_at": format_instant(book[-1].at) if book else None,
            "categories": {name: add_up(each) for name, each in sorted(categories.items())},
        },
        "loyalty": {
            "enrolled": traits.get("loyalty_enrolled") is True,
            "tier": traits.get("loyalty_tier"),
            "points": summary.points(now),
        },
        "consent": summary.consents(now),
        "events": summary.events(now),
        "first_seen_at": _rfc3339(summary.first_seen(now)),
        "last_seen_at": _rfc3339(summary.last_seen(now)),
    }


def _rfc3339(instant: int | None) -> str | None:
    return None if instant is None else format_instant(instant)
