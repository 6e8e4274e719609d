"""The track events of Segment's e-commerce, account and consent specs, as types of ours."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from services.gateway.domain.tracking.amounts import (
    Properties,
    Shape,
    as_product,
    first_amount,
)
from services.gateway.domain.tracking.items import Unmappable

SIGN_IN_REPORTED = "sign_in_reported"
_REVENUE = ("revenue", "subtotal")
_VALUE = ("value", "subtotal", "revenue", "total")
_NO_PRICES = (
    "must each have a price in major units: else give the total of the refund, or leave them out if"
    " the whole order was refunded"
)
_NO_REVENUE = "is missing: what was paid for the products, without shipping and tax"


class SpecEvent(NamedTuple):
    """A type of ours, and how its data is made of an item's properties."""

    type: str
    shape: Shape


def _plain(properties: Properties) -> dict[str, Any]:
    return properties.data()


def _order_completed(properties: Properties) -> dict[str, Any]:
    data = _order(properties)
    revenue = _revenue(properties)
    if revenue is None and (worth := properties.worth()) is not None:
        revenue = max(0, worth - (properties.amount("discount") or 0))
    if revenue is None:
        properties.required_currency()
        raise Unmappable("properties.revenue", _NO_REVENUE)
    return data | {"revenue": revenue, "currency": properties.required_currency()}


def _order_updated(properties: Properties) -> dict[str, Any]:
    data = _order(properties)
    revenue = _revenue(properties)
    if revenue is None:
        return data
    return data | {"revenue": revenue, "currency": properties.required_currency()}


def _order(properties: Properties) -> dict[str, Any]:
    data = properties.data()
    if not properties.has("order_id") and properties.has("transaction_id"):
        data["order_id"] = data["transaction_id"]
    data.pop("revenue", None)
    return data


def _revenue(properties: Properties) -> int | None:
    """What was paid for the products; of a total without its shipping and tax."""
    revenue = first_amount(properties, _REVENUE)
    if revenue is not None or not properties.has("total"):
        return first_amount(properties, ("value",)) if revenue is None else revenue
    beside = sum(
        properties.required_amount(name) for name in ("shipping", "tax") if properties.has(name)
    )
    return max(0, properties.required_amount("total") - beside)


def _order_refunded(properties: Properties) -> dict[str, Any]:
    data = _order(properties)
    data.pop("value", None)
    for name in ("amount", "total"):
        if properties.has(name):
            data[name] = properties.required_amount(name)
    if "amount" not in data and "total" not in data:
        amount = first_amount(properties, ("revenue", "value"))
        if amount is not None:
            data["amount"] = amount
    if "amount" in data or "total" in data:
        data["currency"] = properties.required_currency()
    elif properties.lines:
        data["currency"] = properties.required_currency()
        if any("price" not in line for line in data["products"]):
            raise Unmappable("properties.products", _NO_PRICES)
    return data


def _cart(properties: Properties) -> dict[str, Any]:
    data = _checkout(properties)
    return {"products": properties.priced_lines(), **data}


def _checkout(properties: Properties) -> dict[str, Any]:
    """A value, else what the lines cost, so that rules can ask what the cart is worth."""
    data = properties.data()
    value = next((a for name in _VALUE if (a := properties.amount(name)) is not None), None)
    if value is None:
        value = properties.worth()
    data.pop("value", None)
    if value is not None and value >= 0:
        data |= {"value": value, "currency": properties.currency}
    return data


_PRODUCT_EVENTS = (
    "product_viewed",
    "product_added",
    "product_removed",
    "product_clicked",
    "product_shared",
    "product_reviewed",
    "product_added_to_wishlist",
    "product_removed_from_wishlist",
    "wishlist_product_added_to_cart",
)
_SHAPES: Mapping[str, Shape] = {
    "order_completed": _order_completed,
    "order_updated": _order_updated,
    "order_refunded": _order_refunded,
    "order_cancelled": _order,
    "order_fulfilled": _order,
    "cart_updated": _cart,
    "checkout_started": _checkout,
    **dict.fromkeys(_PRODUCT_EVENTS, as_product),
}
# Events of the specs under names of their own, whose money and lines are read as well.
_KEPT = (
    "cart_shared",
    "cart_viewed",
    "checkout_step_completed",
    "checkout_step_viewed",
    "coupon_applied",
    "coupon_denied",
    "coupon_entered",
    "coupon_removed",
    "payment_info_entered",
    "product_list_filtered",
    "product_list_viewed",
    "products_searched",
    "promotion_clicked",
    "promotion_viewed",
)
# Names of the first version of the spec, of American spelling, and of others for the same.
_ALIASES = {
    "added_product": "product_added",
    "added_to_wishlist": "product_added_to_wishlist",
    "cart_updated": "cart_updated",
    "clicked_product": "product_clicked",
    "clicked_promotion": "promotion_clicked",
    "completed_checkout_step": "checkout_step_completed",
    "completed_order": "order_completed",
    "consent_management_interaction": "consent_changed",
    "order_canceled": "order_cancelled",
    "order_shipped": "order_fulfilled",
    "refunded_order": "order_refunded",
    "removed_product": "product_removed",
    "segment_consent_preference_updated": "consent_changed",
    "started_checkout": "checkout_started",
    "updated_order": "order_updated",
    "viewed_cart": "cart_viewed",
    "viewed_checkout_step": "checkout_step_viewed",
    "viewed_product": "product_viewed",
    "viewed_product_category": "product_list_viewed",
    "viewed_promotion": "promotion_viewed",
}
CONSENT_UPDATES = frozenset(
    {"segment_consent_preference_updated", "consent_management_interaction"}
)
SPEC_NAMES = frozenset({*_SHAPES, *_KEPT, *_ALIASES})


def spec_type(name: str) -> str:
    """The type that a name in snake_case stands for; the name itself if it is none of the specs."""
    return _ALIASES.get(name, name)


def spec_event(name: str, properties: Properties) -> SpecEvent | None:
    """The type of an event of the specs, by its name in snake_case; None if it is none of them.

    `Cart Viewed` tells what the cart contains where it has the products.
    """
    kind = spec_type(name)
    if kind == "cart_viewed" and properties.lines is not None:
        kind = "cart_updated"
    if kind in _SHAPES:
        return SpecEvent(kind, _SHAPES[kind])
    return SpecEvent(kind, _plain) if name in SPEC_NAMES else None
