"""Arbitrary events of a shopper, and how tests fold them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from hypothesis import strategies as st

from chassis import DAY, HOUR
from rules import Occasion, Summary

NOW = 1_000 * DAY


class ShopperEvent(NamedTuple):
    type: str
    data: Any
    at: int
    id: str
    arrival: int | None = None
    recorded_at: int = 0


def fold(events: Iterable[ShopperEvent]) -> Summary:
    """The summary of a stream of these events, which arrived in this order if they do not say."""
    summary = Summary()
    for place, (kind, data, at, event_id, arrival, recorded_at) in enumerate(events):
        arrived = place if arrival is None else arrival
        occasion = Occasion(at, event_id, (arrived, 0), recorded_at)
        summary.add(kind, data, at, event_id, occasion)
    return summary


# Few instants, so that ties, window edges and later-than-now are common.
instants = st.builds(
    lambda days, hours, edge: NOW + days * DAY + hours * HOUR + edge,
    st.sampled_from([-400, -60, -30, -2, -1, 0, 1]),
    st.integers(-2, 2),
    st.integers(-1, 1),
)
order_ids = st.sampled_from(["A", "B", "C", "D"])
currencies = st.sampled_from(["USD", "EUR", "JPY"])
amounts = st.integers(0, 100_000)
products = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "category": st.sampled_from(["running", "music"]) | st.none(),
            "quantity": st.integers(0, 3) | st.sampled_from(["two", 0.1, 0.2, 2.5]),
        },
    ),
    max_size=3,
)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats(allow_nan=False)
    | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)
trait_names = st.sampled_from(["loyalty_tier", "city", "vip"])


def _free(required: dict[str, Any], optional: dict[str, Any]) -> st.SearchStrategy[Any]:
    return st.fixed_dictionaries(required, optional=optional)


contents = st.one_of(
    st.tuples(
        st.just("order_completed"),
        _free(
            {"order_id": order_ids, "revenue": amounts, "currency": currencies},
            {
                "products": products,
                "revision": st.integers(0, 3),
                "placed_at": st.sampled_from(["1970-01-02T00:00:00Z", "1972-09-26T00:00:00Z"]),
            },
        ),
    ),
    st.tuples(
        st.just("order_refunded"),
        _free(
            {"order_id": order_ids},
            {
                "amount": amounts,
                "currency": currencies,
                "refund_id": st.sampled_from(["r", "s"]),
            },
        ),
    ),
    st.tuples(
        st.just("order_refunded"),
        _free(
            {"without_order": st.just(True), "amount": amounts, "currency": currencies},
            {
                "refund_id": st.sampled_from(["r", "s"]),
                "store": st.just("de"),
                "revision": st.integers(0, 3),
            },
        ),
    ),
    st.tuples(
        st.just("order_cancelled"), _free({"order_id": order_ids}, {"revision": st.integers(0, 3)})
    ),
    st.tuples(
        st.just("order_updated"),
        _free(
            {"order_id": order_ids},
            {
                "revenue": amounts,
                "currency": currencies,
                "products": products,
                "revision": st.integers(0, 3),
            },
        ),
    ),
    st.tuples(
        st.just("cart_updated"),
        _free({"products": products}, {"value": amounts, "currency": currencies}),
    ),
    st.tuples(
        st.just("traits_changed"), _free({"traits": st.dictionaries(trait_names, plain)}, {})
    ),
    st.tuples(
        st.just("consent_changed"),
        _free({"purpose": st.sampled_from(["email", "sms"]), "granted": st.booleans()}, {})
        | _free(
            {"purposes": st.dictionaries(st.sampled_from(["email", "sms"]), st.booleans())}, {}
        ),
    ),
    st.tuples(st.just("loyalty_enrolled"), _free({}, {"tier": st.sampled_from(["gold"])})),
    st.tuples(
        st.just("loyalty_tier_changed"), _free({"tier": st.sampled_from(["gold", "red"])}, {})
    ),
    st.tuples(
        st.just("loyalty_points_changed"),
        _free(
            {"points": st.integers(-50, 50)},
            {"reference": st.sampled_from(["p", "q"]), "order_id": order_ids},
        ),
    ),
    st.tuples(
        st.sampled_from(["product_viewed", "wish_made", "order_completed", "cart_updated"]), plain
    ),
)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 12) -> list[ShopperEvent]:
    drawn = draw(st.lists(st.tuples(contents, instants), max_size=max_size))
    return [
        ShopperEvent(kind, data, at, f"e{n:02}", n) for n, ((kind, data), at) in enumerate(drawn)
    ]
