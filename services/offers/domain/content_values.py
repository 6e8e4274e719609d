"""Values: what the variables of contents are for one shopper with one request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from services.offers.domain.affinity import name_of
from services.offers.domain.catalogue import Catalogue, Offer
from services.offers.domain.loyalty import Programme
from services.offers.domain.shopper import Shopper
from services.offers.domain.variables import Money, Value, Values, bounded

Context = Mapping[str, Any]


def values_of(context: Context, shopper: Shopper, catalogue: Catalogue) -> dict[str, Value | None]:
    """The value of each variable; None where it has none, as where nothing is missing or left."""
    earned = catalogue.programme.points_for(context.get("value"), context.get("currency"))
    items = context.get("items") or ()
    return {
        **_of_loyalty(shopper, catalogue.programme, earned),
        "first_name": bounded(shopper.traits.get("first_name")),
        "points_to_earn": earned,
        **_of_money(context, catalogue.free_delivery),
        "item_count": sum(item.get("quantity", 1) for item in items) or None,
        **_of_stock(context, items),
        "rating": context.get("rating"),
        "review_count": context.get("review_count") or None,
        "referrer": context.get("referrer"),
    }


def with_article(values: Values, offer: Offer, context: Context) -> Values:
    """The values with those that are of the offer's own: the article that it is, or goes with."""
    if offer.sku is None and offer.goes_with is None:
        return values
    own: dict[str, Value | None] = {}
    if offer.goes_with is not None:
        own["item"] = name_of(offer.goes_with.article(context.get("items") or ()))
    if offer.sku is not None:
        own["stock_left"] = (context.get("stock") or {}).get(offer.sku) or None
        own["scarce_item"] = _name_in_basket(offer.sku, context)
    return {**values, **own}


def _name_in_basket(sku: str, context: Context) -> str | None:
    items = context.get("items") or ()
    return bounded(next((item.get("name") for item in items if item.get("sku") == sku), None))


def _of_loyalty(
    shopper: Shopper, programme: Programme, earned: int | None
) -> dict[str, Value | None]:
    named = shopper.traits.get("loyalty_tier")
    name = named if isinstance(named, str) and named.strip() else None
    if shopper.traits.get("loyalty_enrolled") is not True and name is None:
        return {}
    tier = programme.tier_of(name, shopper.points)
    is_foreign = name is not None and tier is None  # nobody knows what is above it
    above = None if is_foreign else programme.next_tier(tier, shopper.points)
    with_order = shopper.points + (earned or 0)
    reached = programme.tier_of(None, with_order)
    is_higher = above is not None and reached is not None and reached.threshold >= above.threshold
    return {
        "points": shopper.points,
        "points_pending": shopper.points_pending or None,
        "tier": tier.name if tier else None,
        "next_tier": above.name if above else None,
        "points_to_next_tier": above.threshold - shopper.points if above else None,
        "points_with_order": with_order if earned else None,
        "tier_with_order": reached.name if reached and is_higher else None,
    }


def _of_money(context: Context, free_delivery: Mapping[str, int]) -> dict[str, Value | None]:
    value, currency = context.get("value"), context.get("currency")
    if value is None or currency is None:
        return {}
    missing = free_delivery.get(currency, 0) - value
    return {
        "order_value": Money(value, currency),
        "to_free_delivery": Money(missing, currency) if missing > 0 else None,
    }


def _of_stock(context: Context, items: Iterable[Mapping[str, Any]]) -> dict[str, Value | None]:
    """How many are left of the article in the basket that is scarcest, and its name."""
    stock = context.get("stock") or {}
    left = [(pieces, item) for item in items if (pieces := stock.get(item.get("sku")))]
    if not left:
        return {}
    pieces, scarcest = min(left, key=lambda each: each[0])
    return {"stock_left": pieces, "scarce_item": bounded(scarcest.get("name"))}
