"""What segment rules can ask: a shopper's events, orders, cart, consent and traits over time."""
# ruff: noqa: ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from typing import Any

from rules.fields import purpose_name
from rules.language.reads import Reads
from rules.language.references import WINDOW_OPTIONS
from rules.language.terms import Kind, Term
from rules.language.vocabulary import Argument, Function, Namespace, Vocabulary, reach
from rules.language.windows import earliest
from rules.summary.summary import Summary
from rules.vocabularies import (
    aggregate_terms,
    calendar_terms,
    cart_terms,
    engagement_terms,
    order_terms,
    sequence_terms,
    value_terms,
)
from rules.vocabularies.event_data import DATA_VOCABULARY


def _has_consent(purpose: str) -> Term[Summary]:
    name = purpose_name(purpose)
    return Term(
        Kind.TRUTH,
        f"consent to {purpose}",
        lambda summary, now: summary.consent(name, now) is True,
        lambda summary, now: summary.next_consent(name, now),
        missable=False,
        reads=Reads(consent=frozenset({name})),
    )


def _loyalty_points() -> Term[Summary]:
    return Term(
        Kind.NUMBER,
        "the loyalty points",
        lambda summary, now: summary.points(now),
        lambda summary, now: summary.next_points(now),
        missable=False,
        reads=Reads(points=True),
    )


def _has_account() -> Term[Summary]:
    return Term(
        Kind.TRUTH,
        "an account",
        lambda summary, now: summary.state.is_account,
        missable=False,
        # Whether a stream is an account's is told by identity.
        reads=Reads(event_types=frozenset({"identity_changed"})),
    )


def _trait(path: tuple[str, ...]) -> Term[Summary]:
    name, inner = path[0], path[1:]

    def read(summary: Summary, now: int) -> Any:
        return reach(summary.trait(name, now), inner)

    def step(summary: Summary, now: int) -> int | None:
        return summary.next_trait(name, now)

    reads = Reads(traits=frozenset({name}))
    return Term(Kind.ANY, f"the trait {'.'.join(path)}", read, step, reads=reads)


def _verdict(summary: Summary, segment: str) -> tuple[bool, int | None]:
    return summary.memberships.get(segment, (False, None))


_SEGMENTS: Term[Summary] = Term(
    Kind.LIST,
    "the shopper's segments",
    lambda summary, now: frozenset(
        segment for segment, (member, _) in summary.memberships.items() if member
    ),
    until=lambda summary, now, holds, bounds: earliest(
        *(_verdict(summary, segment)[1] for segment in bounds)
    ),
    missable=False,
    reads_member=lambda segment: Reads(segments=frozenset({segment})),
)

EVENT_TYPES = frozenset(
    {
        "address_removed",
        "address_saved",
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
        "payment_method_removed",
        "payment_method_saved",
        "product_viewed",
        "signed_in",
        "signed_out",
        "traits_changed",
    }
)

HINTS = {
    "days_since": 'write since_last("order_completed") >= "30d"',
    "spent": 'write revenue("USD")',
    "total_spent": 'write revenue("USD")',
    "ltv": "write clv()",
    "aov": 'write revenue("USD") / orders()',
    "first_order": 'write first("order_completed")',
    "last_order": 'write last("order_completed")',
    "age": 'write date(traits.birthday) <= "2008-11-21"',
    "email": "write traits.email",
    "city": "write traits.city",
    "country": "write traits.country",
    "event": 'event(…) is a step of then(…): write count("product_viewed", where=…)',
    "segment": 'write "high_value" in segments',
    "in_segment": 'write "high_value" in segments',
    "is_in_segment": 'write "high_value" in segments',
    "now": 'write since_last("order_completed") <= "30d"',
    "true": "write True",
    "false": "write False",
    "null": "write None",
    "none": "write None",
    "missing": "write == None",
    "empty": "write == None",
    "trait": "write traits.loyalty_tier",
    "consent": 'write has_consent("email")',
}

_WHERE = {"where": Argument.CONDITION, **WINDOW_OPTIONS}
_EVENT = (Argument.EVENT,)
_OF_EVENT = (Argument.EVENT, Argument.FIELD)
_WITHIN = {"within": Argument.DURATION}

SEGMENT_VOCABULARY: Vocabulary[Summary] = Vocabulary(
    namespaces={"traits": Namespace(open=_trait)},
    functions={
        "count": Function(
            aggregate_terms.count, 'count("order_completed", within="60d")', _EVENT, _WHERE
        ),
        "exists": Function(
            aggregate_terms.exists, 'exists("order_completed", within="60d")', _EVENT, _WHERE
        ),
        "never": Function(aggregate_terms.never, 'never("order_completed")', _EVENT, _WHERE),
        "first": Function(
            aggregate_terms.first, 'first("order_completed")', _OF_EVENT, _WHERE, optional=1
        ),
        "last": Function(
            aggregate_terms.last, 'last("order_completed")', _OF_EVENT, _WHERE, optional=1
        ),
        "since_last": Function(
            aggregate_terms.since_last,
            'since_last("cart_updated")',
            _EVENT,
            {"where": Argument.CONDITION},
        ),
        "sum": Function(
            aggregate_terms.sum_of,
            'sum("order_completed", amount(revenue, "USD"), within="90d")',
            _OF_EVENT,
            _WHERE,
        ),
        "average": Function(
            aggregate_terms.average,
            'average("order_completed", amount(revenue, "USD"))',
            _OF_EVENT,
            _WHERE,
        ),
        "min": Function(
            aggregate_terms.least,
            'min("product_viewed", amount(price, "USD"))',
            _OF_EVENT,
            _WHERE,
        ),
        "max": Function(
            aggregate_terms.largest,
            'max("product_viewed", amount(price, "USD"))',
            _OF_EVENT,
            _WHERE,
        ),
        "distinct": Function(
            aggregate_terms.distinct,
            'distinct("product_viewed", category, within="7d")',
            _OF_EVENT,
            _WHERE,
        ),
        "then": Function(
            sequence_terms.then,
            'then("cart_updated", "order_completed", within="24h")',
            (Argument.STEP, Argument.STEP),
            {**_WITHIN, "during": Argument.DURATION},
            repeats=3,
        ),
        "then_not": Function(
            sequence_terms.then_not,
            'then_not("cart_updated", "order_completed", within="24h")',
            (Argument.STEP, Argument.STEP),
            _WITHIN,
            required=("within",),
        ),
        "engagement": Function(
            engagement_terms.engagement,
            'engagement("product_viewed", half_life="14d")',
            _EVENT,
            {"where": Argument.CONDITION, "half_life": Argument.DURATION},
        ),
        "affinity": Function(
            engagement_terms.affinity,
            'affinity(category="running", half_life="30d")',
            (),
            {
                "category": Argument.CATEGORY,
                "brand": Argument.TEXT,
                "half_life": Argument.DURATION,
            },
        ),
        "date": Function(
            calendar_terms.trait_date, "date(traits.renewal)", (Argument.TRAIT,), local=True
        ),
        "days_until": Function(
            calendar_terms.days_until, "days_until(traits.renewal)", (Argument.TRAIT,), local=True
        ),
        "birthday": Function(
            calendar_terms.birthday,
            'birthday(within="7d")',
            (Argument.TRAIT,),
            _WITHIN,
            optional=1,
            local=True,
            assumes=("birthday",),
        ),
        "clv": Function(value_terms.clv, "clv()"),
        "alive": Function(value_terms.alive, "alive()"),
        "expected_orders": Function(
            value_terms.expected_orders,
            'expected_orders(within="90d")',
            (),
            _WITHIN,
            required=("within",),
        ),
        "percentile": Function(
            value_terms.percentile,
            'percentile("clv")',
            (Argument.MODEL,),
            {"band": Argument.NUMBER},
        ),
        "orders": Function(order_terms.orders, 'orders(within="90d")', options=_WITHIN),
        "revenue": Function(
            order_terms.revenue, 'revenue("USD", within="90d")', (Argument.CURRENCY,), _WITHIN
        ),
        "bought": Function(
            order_terms.bought,
            'bought("running shoes", within="90d")',
            (Argument.CATEGORY,),
            _WITHIN,
        ),
        "has_consent": Function(_has_consent, 'has_consent("email")', (Argument.PURPOSE,)),
        "cart_value": Function(cart_terms.cart_value, 'cart_value("USD")', (Argument.CURRENCY,)),
        "cart_items": Function(cart_terms.cart_items, "cart_items()"),
        "cart_ordered": Function(
            cart_terms.cart_ordered,
            'cart_ordered(within="1h", during="30d")',
            (),
            {**_WITHIN, "during": Argument.DURATION},
        ),
        "loyalty_points": Function(_loyalty_points, "loyalty_points()"),
        "has_account": Function(_has_account, "has_account()"),
    },
    names={"segments": _SEGMENTS},
    calendar=calendar_terms.CALENDAR,
    event_types=EVENT_TYPES,
    hints={**HINTS, "context": "a segment's rule has no request: context is for offers"},
    models=frozenset({"alive", "clv"}),
    data=DATA_VOCABULARY,
)
