"""One reducer for each event type that changes a summary. Unfit or absent fields are ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rules.fields import text_or_none, whole_or_none
from rules.summary.state import SummaryState, keep_last

Data = Mapping[str, Any]


def apply(state: SummaryState, event_type: str, data: Any, at: int, event_id: str) -> None:
    """Apply an event to the state."""
    reducer = _REDUCERS.get(event_type)
    if reducer is not None and isinstance(data, Mapping):
        reducer(state, data, at, event_id)


def _traits_changed(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    for name, value in _mapping(data.get("traits")).items():
        keep_last(state.traits, name, [at, event_id, value])


def _loyalty_enrolled(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    keep_last(state.traits, "loyalty_enrolled", [at, event_id, True])
    if data.get("tier") is not None:
        _loyalty_tier_changed(state, data, at, event_id)


def _loyalty_tier_changed(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    keep_last(state.traits, "loyalty_tier", [at, event_id, data.get("tier")])


def _loyalty_points_changed(state: SummaryState, data: Data, _at: int, _event_id: str) -> None:
    state.points += whole_or_none(data.get("points")) or 0


def _consent_changed(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    purposes = dict(_mapping(data.get("purposes")))
    if isinstance(data.get("purpose"), str):
        purposes[data["purpose"]] = data.get("granted")
    for purpose, granted in purposes.items():
        if isinstance(granted, bool):
            keep_last(state.consent, purpose, [at, event_id, granted])


def _order_completed(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    items, categories = 0, dict[str, int]()
    for product in _products(data) or ():
        quantity = _quantity(product)
        items += quantity
        category = product.get("category")
        if isinstance(category, str):
            categories[category] = categories.get(category, 0) + quantity
    revenue, currency = whole_or_none(data.get("revenue")), text_or_none(data.get("currency"))
    order = [at, event_id, revenue, currency, items, categories]
    keep_last(state.orders, text_or_none(data.get("order_id")) or event_id, order)


def _order_refunded(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    order_id = text_or_none(data.get("order_id"))
    if order_id is not None:
        refund = [at, whole_or_none(data.get("amount")), text_or_none(data.get("currency"))]
        state.refunds.setdefault(order_id, {})[event_id] = refund


def _order_cancelled(state: SummaryState, data: Data, at: int, _event_id: str) -> None:
    order_id = text_or_none(data.get("order_id"))
    if order_id is not None:
        state.cancelled[order_id] = min(at, state.cancelled.get(order_id, at))


def _cart_updated(state: SummaryState, data: Data, at: int, event_id: str) -> None:
    products = _products(data)
    items = None if products is None else sum(map(_quantity, products))
    if not state.cart or [at, event_id] > state.cart[:2]:
        value, currency = whole_or_none(data.get("value")), text_or_none(data.get("currency"))
        state.cart = [at, event_id, value, currency, items]


_REDUCERS: dict[str, Callable[[SummaryState, Data, int, str], None]] = {
    "traits_changed": _traits_changed,
    "loyalty_enrolled": _loyalty_enrolled,
    "loyalty_tier_changed": _loyalty_tier_changed,
    "loyalty_points_changed": _loyalty_points_changed,
    "consent_changed": _consent_changed,
    "order_completed": _order_completed,
    "order_refunded": _order_refunded,
    "order_cancelled": _order_cancelled,
    "cart_updated": _cart_updated,
}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _products(data: Data) -> list[Data] | None:
    """The products, None if the field is absent; an empty list is an empty cart."""
    products = data.get("products")
    if not isinstance(products, list):
        return None
    return [product for product in products if isinstance(product, Mapping)]


def _quantity(product: Data) -> int:
    quantity = whole_or_none(product.get("quantity"))
    return 1 if quantity is None else max(quantity, 0)
