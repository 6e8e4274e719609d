"""What events say of a shopper: all of them sorted once, and taken in one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support.oracle.log import LoggedEvent


@dataclass(slots=True)
class Order:
    """An order as it was told last: revenue in minor units, pieces by category."""

    at: int
    revenue: int
    currency: str
    pieces: int
    categories: dict[str, int]


@dataclass(slots=True)
class FoldedShopper:
    """`happened` is {type: its instants, ascending}; `refunds` {order: {event id: (at, amount,
    currency)}}, where no amount means all of it; `cancelled` {order: first instant}; `cart` is
    (value, currency, pieces) of the last one."""

    happened: dict[Any, Any] = field(default_factory=dict)
    traits: dict[Any, Any] = field(default_factory=dict)
    consent: dict[Any, Any] = field(default_factory=dict)
    orders: dict[Any, Any] = field(default_factory=dict)
    refunds: dict[Any, Any] = field(default_factory=dict)
    cancelled: dict[Any, Any] = field(default_factory=dict)
    cart: tuple[Any, ...] | None = None
    points: int = 0

    def standing(self, now: int | None) -> list[tuple[Order, int]]:
        """The orders that are not cancelled, [(Order, what was paid net of refunds)], by time.

        `now` is an instant in µs: what is dated later is not counted; None counts everything.
        """

        def past(at: int) -> bool:
            return now is None or at <= now

        found = []
        for order_id, order in self.orders.items():
            if not past(order.at):
                continue
            if order_id in self.cancelled and past(self.cancelled[order_id]):
                continue
            paid = order.revenue
            for at, amount, currency in self.refunds.get(order_id, {}).values():
                if not past(at):
                    continue
                if amount is None:
                    paid = 0
                elif currency == order.currency:
                    paid -= amount
            found.append((order, max(paid, 0)))
        return sorted(found, key=lambda pair: pair[0].at)


def fold(events: Iterable[LoggedEvent]) -> FoldedShopper:
    """The shopper whose events these are, of one stream or of several, in any order."""
    shopper = FoldedShopper()
    for event in sorted(events, key=lambda event: (event.at, event.id)):
        if event.type == "identity_changed":
            continue
        shopper.happened.setdefault(event.type, []).append(event.at)
        _take_in(shopper, event, event.data)
    return shopper


def _take_in(shopper: FoldedShopper, event: LoggedEvent, data: Any) -> None:  # noqa: C901 - one case for each type
    match event.type:
        case "traits_changed":
            shopper.traits.update(data["traits"])
        case "loyalty_enrolled":
            shopper.traits["loyalty_enrolled"] = True
            if data.get("tier") is not None:
                shopper.traits["loyalty_tier"] = data["tier"]
        case "loyalty_tier_changed":
            shopper.traits["loyalty_tier"] = data["tier"]
        case "loyalty_points_changed":
            shopper.points += data["points"]
        case "consent_changed":
            shopper.consent.update(data.get("purposes") or {data["purpose"]: data["granted"]})
        case "cart_updated":
            pieces = sum(line["quantity"] for line in data["products"])
            shopper.cart = (data.get("value"), data.get("currency"), pieces)
        case "order_completed":
            lines = data.get("products") or []
            categories: Counter[str] = Counter()
            for line in lines:
                if "category" in line:
                    categories[line["category"]] += line["quantity"]
            pieces = sum(line["quantity"] for line in lines)
            shopper.orders[data["order_id"]] = Order(
                event.at, data["revenue"], data["currency"], pieces, dict(categories)
            )
        case "order_refunded":
            refunds = shopper.refunds.setdefault(data["order_id"], {})
            refunds[event.id] = (event.at, data.get("amount"), data.get("currency"))
        case "order_cancelled":
            shopper.cancelled.setdefault(data["order_id"], event.at)


_INSTANTS_KEPT = 1_001


def kept(shopper: FoldedShopper) -> FoldedShopper:
    """The same shopper as a summary keeps them: of what happened often, the number, the first
    instant and the newest ones."""
    happened = {
        name: instants
        if len(instants) <= _INSTANTS_KEPT
        else (len(instants), instants[0], instants[-_INSTANTS_KEPT:])
        for name, instants in shopper.happened.items()
    }
    return replace(shopper, happened=happened)


def read_summary(state: dict[str, Any]) -> FoldedShopper:
    """The shopper that a stored summary describes, by the layout told in rules/state.py."""
    return FoldedShopper(
        happened={
            name: newest if count == len(newest) and first == newest[0] else (count, first, newest)
            for name, (count, first, newest) in state.get("types", {}).items()
        },
        traits={name: told[2] for name, told in state.get("traits", {}).items()},
        consent={purpose: told[2] for purpose, told in state.get("consent", {}).items()},
        orders={
            order_id: Order(at, revenue, currency, pieces, categories)
            for order_id, (at, _, revenue, currency, pieces, categories) in state.get(
                "orders", {}
            ).items()
        },
        refunds={
            order_id: {event_id: tuple(told) for event_id, told in refunds.items()}
            for order_id, refunds in state.get("refunds", {}).items()
        },
        cancelled=state.get("cancelled", {}),
        cart=tuple(state["cart"][2:]) if state.get("cart") else None,
        points=state.get("points", 0),
    )


def view(shopper: FoldedShopper) -> dict[str, Any]:
    """What `profiles.get` must say of a shopper, but for its ids, identifiers and versions."""
    standing = shopper.standing(None)
    revenue: Counter[str] = Counter()
    categories: Counter[str] = Counter()
    for order, paid in standing:
        revenue[order.currency] += paid
        categories.update(order.categories)
    traits = {name: value for name, value in shopper.traits.items() if value is not None}
    instants = [at for happened in shopper.happened.values() for at in happened]
    return {
        "traits": traits,
        "orders": {
            "count": len(standing),
            "items": sum(order.pieces for order, _ in standing),
            "revenue": dict(revenue),
            "first_at": _text(standing[0][0].at) if standing else None,
            "last_at": _text(standing[-1][0].at) if standing else None,
            "categories": dict(categories),
        },
        "loyalty": {
            "enrolled": "loyalty_enrolled" in traits,
            "tier": traits.get("loyalty_tier"),
            "points": shopper.points,
        },
        "consent": shopper.consent,
        "events": len(instants),
        "first_seen_at": _text(min(instants)) if instants else None,
        "last_seen_at": _text(max(instants)) if instants else None,
    }


def _text(at: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
