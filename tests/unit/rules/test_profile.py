from __future__ import annotations

import json
from collections.abc import Sequence

from hypothesis import given

from rules import Summary, profile_view
from tests.unit.rules.shoppers import ShopperEvent, fold, histories


def test_a_profile_view_has_revenue_by_currency_net_of_refunds() -> None:
    view = profile_view(
        fold(
            [
                ShopperEvent(
                    "order_completed", {"order_id": "A", "revenue": 500, "currency": "USD"}, 0, "a"
                ),
                ShopperEvent(
                    "order_completed", {"order_id": "B", "revenue": 70, "currency": "EUR"}, 1, "b"
                ),
                ShopperEvent(
                    "order_refunded", {"order_id": "A", "amount": 200, "currency": "USD"}, 2, "c"
                ),
                ShopperEvent("loyalty_enrolled", {"tier": "gold"}, 3, "d"),
                ShopperEvent("loyalty_points_changed", {"points": 40}, 4, "e"),
                ShopperEvent("consent_changed", {"purpose": "email", "granted": True}, 5, "f"),
            ]
        )
    )
    assert view == {
        "traits": {"loyalty_enrolled": True, "loyalty_tier": "gold"},
        "orders": {
            "count": 2,
            "items": 0,
            "revenue": {"EUR": 70, "USD": 300},
            "first_at": "1970-01-01T00:00:00.000000Z",
            "last_at": "1970-01-01T00:00:00.000001Z",
            "categories": {},
        },
        "loyalty": {"enrolled": True, "tier": "gold", "points": 40},
        "consent": {"email": True},
        "events": 6,
        "first_seen_at": "1970-01-01T00:00:00.000000Z",
        "last_seen_at": "1970-01-01T00:00:00.000005Z",
    }


def test_an_order_without_a_currency_counts_and_adds_no_revenue() -> None:
    view = profile_view(fold([ShopperEvent("order_completed", {"revenue": 500}, 0, "a")]))
    assert (view["orders"]["count"], view["orders"]["revenue"]) == (1, {})


def test_the_view_of_nobody_is_empty() -> None:
    view = profile_view(Summary())
    assert view["orders"]["count"] == view["events"] == 0
    assert view["first_seen_at"] is None


@given(histories())
def test_a_profile_view_is_plain_json(events: Sequence[ShopperEvent]) -> None:
    view = profile_view(fold(events))
    assert json.loads(json.dumps(view)) == view
