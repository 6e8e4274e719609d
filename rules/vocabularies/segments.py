"""What segment rules can ask: a shopper's events, orders, cart, consent and traits over time."""
# ruff: noqa: ARG001, ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from typing import Any

from rules.fields import purpose_name
from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.vocabulary import Argument, Function, Namespace, Vocabulary, reach
from rules.summary.summary import Summary
from rules.vocabularies import event_terms, order_terms


def _has_consent(purpose: str) -> Term[Summary]:
    name = purpose_name(purpose)
    return Term(
        Kind.TRUTH,
        f"consent to {purpose}",
        lambda summary, now: summary.consent(name, now) is True,
        lambda summary, now, holds, bounds: summary.next_consent(name, now),
        missable=False,
        reads=Reads(consent=frozenset({name})),
    )


_CART = Reads(cart=True)


def _next_cart(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
    return summary.next_cart(now)


def _cart_value(currency: str) -> Term[Summary]:
    return Term(
        Kind.MONEY,
        f"the value in {currency} of the last cart",
        lambda summary, now: summary.cart_value(currency, now),
        _next_cart,
        currency=currency,
        reads=_CART,
    )


def _cart_items() -> Term[Summary]:
    return Term(
        Kind.NUMBER,
        "the number of articles in the last cart",
        lambda summary, now: summary.cart_items(now),
        _next_cart,
        reads=_CART,
    )


def _loyalty_points() -> Term[Summary]:
    return Term(
        Kind.NUMBER,
        "the loyalty points",
        lambda summary, now: summary.points(now),
        lambda summary, now, holds, bounds: summary.next_points(now),
        missable=False,
        reads=Reads(points=True),
    )


def _trait(path: tuple[str, ...]) -> Term[Summary]:
    name, inner = path[0], path[1:]

    def read(summary: Summary, now: int) -> Any:
        return reach(summary.trait(name, now), inner)

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        return summary.next_trait(name, now)

    reads = Reads(traits=frozenset({name}))
    return Term(Kind.ANY, f"the trait {'.'.join(path)}", read, until, reads=reads)


EVENT_TYPES = frozenset(
    {
        "cart_updated",
        "checkout_completed",
        "checkout_started",
        "consent_changed",
        "loyalty_enrolled",
        "loyalty_points_changed",
        "loyalty_tier_changed",
        "order_cancelled",
        "order_completed",
        "order_fulfilled",
        "order_refunded",
        "order_updated",
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
        "count": Function(
            event_terms.count, 'count("order_completed", within="60d")', Argument.EVENT, True
        ),
        "never": Function(event_terms.never, 'never("order_completed")', Argument.EVENT),
        "first": Function(event_terms.first, 'first("order_completed")', Argument.EVENT),
        "last": Function(event_terms.last, 'last("order_completed")', Argument.EVENT),
        "since_last": Function(
            event_terms.since_last, 'since_last("cart_updated")', Argument.EVENT
        ),
        "orders": Function(order_terms.orders, 'orders(within="90d")', within=True),
        "revenue": Function(
            order_terms.revenue, 'revenue("USD", within="90d")', Argument.CURRENCY, True
        ),
        "bought": Function(
            order_terms.bought, 'bought("running shoes", within="90d")', Argument.CATEGORY, True
        ),
        "has_consent": Function(_has_consent, 'has_consent("email")', Argument.PURPOSE),
        "cart_value": Function(_cart_value, 'cart_value("USD")', Argument.CURRENCY),
        "cart_items": Function(_cart_items, "cart_items()"),
        "loyalty_points": Function(_loyalty_points, "loyalty_points()"),
    },
    event_types=EVENT_TYPES,
    hints={
        **HINTS,
        "segments": "a segment's rule cannot ask for segments: write out the condition",
        "context": "a segment's rule has no request: context is for offers",
    },
)
