"""What segment rules can ask: a shopper's events, orders, cart, consent and traits over time.

A window `within="60d"` is the half-open (now - 60 days, now]: an event exactly at `now` counts, one
exactly 60 days old no longer does. What is dated after `now` does not count yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from rules.orders import Order
from rules.summary import MOST_COUNTED, Summary
from rules.terms import Holds, Kind, Term, Until
from rules.units import describe_duration
from rules.vocabulary import Argument, Function, Namespace, Vocabulary, reach


def earliest(*instants: int | None) -> int | None:
    """The earliest of the instants that there are."""
    return min((instant for instant in instants if instant is not None), default=None)


def _ago(within: int | None) -> str:
    return "" if within is None else f" in the last {describe_duration(within)}"


def _next_event(event: str) -> Until:
    return lambda summary, now, holds, bounds: summary.next(event, now)


def _next_order(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
    return summary.book(now).next_change


def _count(event: str, within: int | None = None) -> Term[Summary]:
    label = f"the number of {event} events{_ago(within)}"
    if within is None:
        return Term(
            Kind.NUMBER,
            label,
            lambda summary, now: summary.count(event, now),
            _next_event(event),
            missable=False,
        )

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        coming = summary.next(event, now)
        before = holds(summary.count(event, now, now - within))
        for leaving in sorted(
            last + within
            for bound in bounds
            for rank in (bound, bound + 1)
            if rank > 0 and (last := summary.last(event, now, rank)) is not None
        ):
            if leaving > now and holds(summary.count(event, now, leaving - within)) != before:
                return earliest(coming, leaving)
        return coming

    return Term(
        Kind.NUMBER,
        label,
        lambda summary, now: summary.count(event, now, now - within),
        until,
        missable=False,
        moving=True,
        most=MOST_COUNTED,
    )


def _over_orders(
    kind: Kind, label: str, amount: Callable[[Order], int], within: int | None, currency: str = ""
) -> Term[Summary]:
    """A sum of non-negative amounts over the standing orders."""

    def orders(summary: Summary, now: int) -> Sequence[Order]:
        return summary.book(now).since(None if within is None else now - within)

    def read(summary: Summary, now: int) -> int:
        return sum(map(amount, orders(summary, now)))

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:  # noqa: ARG001
        coming = summary.book(now).next_change
        if within is None:
            return coming
        inside = orders(summary, now)
        total = sum(map(amount, inside))
        before = holds(total)
        for place, order in enumerate(inside):
            total -= amount(order)
            alone = place + 1 == len(inside) or inside[place + 1].at != order.at
            if alone and holds(total) != before:
                return earliest(coming, order.at + within)
        return coming

    return Term(
        kind,
        label + _ago(within),
        read,
        until,
        currency=currency,
        missable=False,
        moving=within is not None,
    )


def _orders(within: int | None = None) -> Term[Summary]:
    return _over_orders(Kind.NUMBER, "the number of orders", lambda order: 1, within)


def _revenue(currency: str, within: int | None = None) -> Term[Summary]:
    def amount(order: Order) -> int:
        return order.net if order.currency == currency else 0

    return _over_orders(Kind.MONEY, f"the revenue in {currency}", amount, within, currency)


def _bought(category: str, within: int | None = None) -> Term[Summary]:
    def newest(summary: Summary, now: int) -> int | None:
        for order in reversed(summary.book(now).orders):
            if category in order.categories:
                return order.at if within is None or order.at > now - within else None
        return None

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:  # noqa: ARG001
        at = newest(summary, now)
        leaving = None if at is None or within is None else at + within
        return earliest(summary.book(now).next_change, leaving)

    return Term(
        Kind.TRUTH,
        f'an order of "{category}"{_ago(within)}',
        lambda summary, now: newest(summary, now) is not None,
        until,
        missable=False,
        moving=within is not None,
    )


def _never(event: str) -> Term[Summary]:
    return Term(
        Kind.TRUTH,
        f"no {event} event ever",
        lambda summary, now: summary.first(event, now) is None,
        _next_event(event),
        missable=False,
    )


def _first(event: str) -> Term[Summary]:
    return Term(
        Kind.INSTANT,
        f"the first {event}",
        lambda summary, now: summary.first(event, now),
        _next_event(event),
    )


def _last(event: str) -> Term[Summary]:
    return Term(
        Kind.INSTANT,
        f"the last {event}",
        lambda summary, now: summary.last(event, now),
        _next_event(event),
    )


def _since_last(event: str) -> Term[Summary]:
    def read(summary: Summary, now: int) -> int | None:
        last = summary.last(event, now)
        return None if last is None else now - last

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        coming = summary.next(event, now)
        last = summary.last(event, now)
        if last is None:
            return coming
        before = holds(now - last)
        for bound in sorted(bounds):
            for instant in (last + bound, last + bound + 1):
                if instant > now and holds(instant - last) != before:
                    return earliest(coming, instant)
        return coming

    return Term(Kind.DURATION, f"the time since the last {event}", read, until, moving=True)


def _has_consent(purpose: str) -> Term[Summary]:
    return Term(
        Kind.TRUTH,
        f"consent to {purpose}",
        lambda summary, now: summary.consent(purpose) is True,
        missable=False,
    )


def _cart_value(currency: str) -> Term[Summary]:
    return Term(
        Kind.MONEY,
        f"the value in {currency} of the last cart",
        lambda summary, now: summary.cart_value(currency),
        currency=currency,
    )


def _cart_items() -> Term[Summary]:
    return Term(
        Kind.NUMBER,
        "the number of articles in the last cart",
        lambda summary, now: summary.cart_items,
    )


def _loyalty_points() -> Term[Summary]:
    return Term(
        Kind.NUMBER, "the loyalty points", lambda summary, now: summary.points, missable=False
    )


def _trait(path: tuple[str, ...]) -> Term[Summary]:
    name, inner = path[0], path[1:]

    def read(summary: Summary, now: int) -> Any:  # noqa: ARG001
        return reach(summary.trait(name), inner)

    return Term(Kind.ANY, f"the trait {'.'.join(path)}", read)


EVENT_TYPES = frozenset(
    {
        "cart_updated",
        "checkout_started",
        "consent_changed",
        "loyalty_enrolled",
        "loyalty_points_changed",
        "loyalty_tier_changed",
        "order_cancelled",
        "order_completed",
        "order_refunded",
        "product_viewed",
        "signed_in",
        "signed_out",
        "traits_changed",
    }
)

HINTS = {
    "days_since": 'write since_last("order_completed") >= "30d"',
    "sum": 'write revenue("USD")',
    "spent": 'write revenue("USD")',
    "now": 'write since_last("order_completed") <= "30d"',
    "true": "write True",
    "false": "write False",
    "null": "write None",
    "none": "write None",
    "missing": "write == None",
    "trait": "write traits.loyalty_tier",
    "consent": 'write has_consent("email")',
}

SEGMENT_VOCABULARY: Vocabulary[Summary] = Vocabulary(
    namespaces={"traits": Namespace(open=_trait)},
    functions={
        "count": Function(_count, 'count("order_completed", within="60d")', Argument.EVENT, True),
        "never": Function(_never, 'never("order_completed")', Argument.EVENT),
        "first": Function(_first, 'first("order_completed")', Argument.EVENT),
        "last": Function(_last, 'last("order_completed")', Argument.EVENT),
        "since_last": Function(_since_last, 'since_last("cart_updated")', Argument.EVENT),
        "orders": Function(_orders, 'orders(within="90d")', within=True),
        "revenue": Function(_revenue, 'revenue("USD", within="90d")', Argument.CURRENCY, True),
        "bought": Function(
            _bought, 'bought("running shoes", within="90d")', Argument.CATEGORY, True
        ),
        "has_consent": Function(_has_consent, 'has_consent("email")', Argument.PURPOSE),
        "cart_value": Function(_cart_value, 'cart_value("USD")', Argument.CURRENCY),
        "cart_items": Function(_cart_items, "cart_items()"),
        "loyalty_points": Function(_loyalty_points, "loyalty_points()"),
    },
    event_types=EVENT_TYPES,
    hints={
        **HINTS,
        "segments": "a segment's rule cannot ask for segments: write out its condition",
        "context": "a segment's rule knows no request: context is for offers",
    },
)
