"""Random comparisons of what rules ask of orders, carts, loyalty, consent, accounts and engagement.

Each meaning folds the whole log anew, with the plain fold of tests/support/oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from chassis import DAY
from tests.support.oracle import FoldedShopper, fold
from tests.unit.rules.oracle import (
    EventSelection,
    History,
    Meaning,
    _where,
    _window,
    categories,
    chosen,
    compare,
    orderings,
    predicates,
    signs,
)

_WEIGHTS = {"product_viewed": 1, "cart_updated": 3, "order_completed": 5}
_HALF_LIFE = "1d"


def _asked(text: str, read: Callable[[FoldedShopper, int], Any]) -> Meaning:
    return Meaning(text, lambda history, now: read(fold(history.logged, now), now))


def _tested(term: Meaning, sign: str, bound: float, text: str = "") -> Meaning:
    return Meaning(
        f"{term.text} {sign} {text or bound}",
        lambda history, now: compare(sign, term.at(history, now), bound),
    )


def _after(window: str, now: int) -> int | None:
    return now - 2 * DAY if window else None


def _orders(window: str) -> Meaning:
    return _asked(f"orders({window})", lambda shopper, now: len(_standing(shopper, window, now)))


def _standing(shopper: FoldedShopper, window: str, now: int) -> list[Any]:
    after = _after(window, now)
    return [each for each, _ in shopper.standing(now) if after is None or each.at > after]


def _bought(category: str, window: str) -> Meaning:
    options = f", {window}" if window else ""
    return _asked(
        f'bought("{category}"{options})',
        lambda shopper, now: any(
            category in each.categories for each in _standing(shopper, window, now)
        ),
    )


def _revenue(window: str) -> Meaning:
    options = f", {window}" if window else ""
    return _asked(
        f'revenue("USD"{options})',
        lambda shopper, now: shopper.revenue(now, _after(window, now))["USD"],
    )


def _cart_value(shopper: FoldedShopper, _now: int) -> Any:
    return shopper.cart[0] if shopper.cart and shopper.cart[1] == "USD" else None


def _consent(history: History, now: int) -> bool:
    """By the last statement; of one instant, by a refusal."""
    is_account = fold(history.logged, now).is_account
    statements = [
        (event.at, not event.data["granted"])
        for event in history.logged
        if event.type == "consent_changed" and event.at <= now
        if not (is_account and event.data["granted"] and event.metadata.get("unproven"))
    ]
    return bool(statements) and not max(statements)[1]


def _engagement(event_type: str, choice: EventSelection) -> Meaning:
    def at(history: History, now: int) -> float:
        events = chosen(history, event_type, choice, now)
        return float(sum(0.5 ** ((now - event.at) / DAY) for event in events))

    options = f'{choice.options}, half_life="{_HALF_LIFE}"'
    return Meaning(f'engagement("{event_type}"{options})', at)


def _affinity(category: str) -> Meaning:
    def at(history: History, now: int) -> float | None:
        liked = every = 0.0
        for event in history.logged:
            if event.type not in _WEIGHTS or event.at > now:
                continue
            lines = [event.data, *event.data.get("products", ())]
            values = {line["category"] for line in lines if "category" in line}
            weight = _WEIGHTS[event.type] * 0.5 ** ((now - event.at) / DAY)
            every += weight if values else 0
            liked += weight if category in values else 0
        return liked / every if every else None

    return Meaning(f'affinity(category="{category}", half_life="{_HALF_LIFE}")', at)


def _of_money(term: Meaning, sign: str, cents: int) -> Meaning:
    return _tested(term, sign, cents, f"{cents // 100}.{cents % 100:02}")


windows = st.sampled_from(["", 'within="2d"'])
scores = st.builds(
    _engagement,
    st.sampled_from(["product_viewed", "viewed"]),
    st.builds(_where, st.just(_window("")), st.none() | predicates),
)
tests = st.one_of(
    st.builds(_tested, st.builds(_orders, windows), signs, st.integers(0, 3)),
    st.builds(
        _of_money,
        st.builds(_revenue, windows) | st.just(_asked('cart_value("USD")', _cart_value)),
        signs,
        st.sampled_from([0, 9_999, 10_000, 25_000]),
    ),
    st.builds(_bought, categories, windows),
    st.builds(
        _tested,
        st.sampled_from(
            [
                _asked("cart_items()", lambda shopper, _: shopper.cart and shopper.cart[2]),
                _asked("loyalty_points()", lambda shopper, _: shopper.points),
            ]
        ),
        signs,
        st.integers(-1, 3),
    ),
    st.just(Meaning('has_consent("email")', _consent)),
    st.just(_asked("has_account()", lambda shopper, _: shopper.is_account)),
    st.builds(_tested, scores, orderings, st.sampled_from([0.3, 0.7, 1.2])),
    st.builds(
        _tested, st.builds(_affinity, categories), orderings, st.sampled_from([0.1, 0.4, 0.7])
    ),
)

_ids = st.sampled_from(["A", "B", "C"])
_money = {"currency": st.sampled_from(["USD", "USD", "EUR"])}
_lines = st.lists(
    st.fixed_dictionaries({"quantity": st.integers(1, 2)}, optional={"category": categories}),
    max_size=2,
)
_order = {"order_id": _ids, "revenue": st.sampled_from([0, 9_999, 10_000, 25_000]), **_money}


def _event(event_type: str, **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.tuples(st.just(event_type), st.fixed_dictionaries(fields))


_completed = _event("order_completed", **_order, products=_lines)
_of_orders = (
    _event("order_updated", **_order),
    _event("order_refunded", order_id=_ids),
    _event("order_refunded", order_id=_ids, amount=st.sampled_from([1, 9_999]), **_money),
    _event("order_cancelled", order_id=_ids),
)
orders = st.one_of(*4 * [_completed], *_of_orders)
"""Orders, and what becomes of some of them."""
events = st.one_of(
    _completed,
    _completed,
    *_of_orders,
    _event("cart_updated", products=_lines, value=st.sampled_from([9_999, 10_000]), **_money),
    _event("consent_changed", purpose=st.just("email"), granted=st.booleans()),
    _event("loyalty_points_changed", points=st.integers(-2, 2)),
    _event("product_viewed", category=categories),
)
"""Types of events and their data."""
