"""One reducer for each event type that changes a summary. Unfit or absent fields are ignored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from rules.fields import (
    add_up,
    mappings_in,
    purpose_name,
    quantity_of,
    text_or_none,
    whole_or_none,
)
from rules.summary.history import keep
from rules.summary.occasion import Occasion
from rules.summary.order_keys import order_key
from rules.summary.orders import ORDER_EVENTS, apply_to_order, merge_orders
from rules.summary.state import Statements, SummaryState
from rules.summary.unlinked_refunds import apply_unlinked_refund, is_unlinked

Data = Mapping[str, Any]

ORDER_MOVED = "order_moved"
_CHANGE_ORDERS = ORDER_EVENTS | {ORDER_MOVED}
CONSENT_REFUSED = "consent_refused"
# Traits that are the loyalty programme's, and take its proof.
_LOYALTY = frozenset({"loyalty_enrolled", "loyalty_tier"})


def apply(state: SummaryState, event_type: str, data: Any, occasion: Occasion) -> None:
    """Apply an event to the state."""
    reducer = _REDUCERS.get(event_type)
    if reducer is not None and isinstance(data, Mapping):
        reducer(state, data, occasion)


def apply_identity_changed(state: SummaryState, data: Any, stream: str, _: Occasion) -> None:
    """Note whether an account signs in to the stream; that is what a verified identifier says."""
    for entry in data.get("streams", ()) if isinstance(data, Mapping) else ():
        if entry.get("stream") == stream:
            proofs = {each.get("assurance") for each in entry.get("identifiers", ())}
            state.is_account = state.is_account or "verified" in proofs


def apply_order_moved(state: SummaryState, data: Any, stream: str, occasion: Occasion) -> None:
    """Hand an order over: the stream that had it drops it, and its new home has its state."""
    key = order_key(data, occasion.apart)
    if key is None:
        return
    if stream == data.get("to"):
        mine, moved = state.orders.get(key, {}), data.get("state") or {}
        state.orders[key] = merge_orders(mine, moved, state.watermark)
    elif stream == data.get("from"):
        state.orders.pop(key, None)


def apply_consent_refused(state: SummaryState, data: Any, _: str, occasion: Occasion) -> None:
    """Refuse a channel of an address, wherever the address was told."""
    if isinstance(data.get("purpose"), str):
        occasion = occasion._replace(event_id=str(data.get("event_id", occasion.event_id)))
        _state_consent(state, data["purpose"], False, occasion)


def _traits_changed(state: SummaryState, data: Data, occasion: Occasion) -> None:
    for name, value in _mapping(data.get("traits")).items():
        _say_trait(state, name, value, occasion)


def _say_trait(state: SummaryState, name: str, value: Any, occasion: Occasion) -> None:
    stated = _of_loyalty(state, occasion) if name in _LOYALTY else state.stated
    statement = occasion.statement(value)
    stated.traits[name] = keep(stated.traits.get(name, []), statement, state.watermark)


def _of_loyalty(state: SummaryState, occasion: Occasion) -> Statements:
    return state.unproven if occasion.is_unproven else state.stated


def _loyalty_enrolled(state: SummaryState, data: Data, occasion: Occasion) -> None:
    _say_trait(state, "loyalty_enrolled", True, occasion)
    if data.get("tier") is not None:
        _loyalty_tier_changed(state, data, occasion)


def _loyalty_tier_changed(state: SummaryState, data: Data, occasion: Occasion) -> None:
    _say_trait(state, "loyalty_tier", data.get("tier"), occasion)


def _loyalty_points_changed(state: SummaryState, data: Data, occasion: Occasion) -> None:
    points = whole_or_none(data.get("points")) or 0
    stated = _of_loyalty(state, occasion)
    reference = reference_of_points(data, points, occasion)
    if reference is not None:
        before = stated.points_once.get(reference, [])
        stated.points_once[reference] = keep(before, occasion.statement(points), state.watermark)
    else:
        stated.add_points(occasion.at, points, state.watermark)


def reference_of_points(data: Data, points: int, occasion: Occasion) -> str | None:
    """What makes points count once: their reference, or the same number of points for an order."""
    reference = text_or_none(data.get("reference"))
    if reference is not None:
        return f"reference {reference}"
    order = order_key(data, occasion.apart)
    return None if order is None else points_of_order(order, points)


def points_of_order(order: str, points: int) -> str:
    """What makes points count once that are for an order, by its key, and have no reference."""
    return f"order {order} {points:+}"


def _consent_changed(state: SummaryState, data: Data, occasion: Occasion) -> None:
    purposes = dict(_mapping(data.get("purposes")))
    if isinstance(data.get("purpose"), str):
        purposes[data["purpose"]] = data.get("granted")
    for purpose, granted in purposes.items():
        if isinstance(granted, bool):
            _state_consent(state, purpose, granted, occasion)


def _state_consent(state: SummaryState, purpose: str, granted: bool, occasion: Occasion) -> None:
    stated = state.unproven if granted and occasion.is_unproven else state.stated
    # At one instant a refusal wins: a wrong no is cheap.
    statement = occasion.statement(granted, tie=int(not granted))
    name = purpose_name(purpose)
    stated.consent[name] = keep(stated.consent.get(name, []), statement, state.watermark)


def order_of(event_type: str, data: Any, occasion: Occasion) -> str | None:
    """The key of the order that an event may change; None if it changes none."""
    if event_type not in _CHANGE_ORDERS:
        return None
    key = order_key(data, occasion.apart) if isinstance(data, Mapping) else None
    return occasion.event_id if key is None and event_type == "order_completed" else key


def _order(event_type: str, state: SummaryState, data: Data, occasion: Occasion) -> None:
    if occasion.is_foreign:
        return
    if event_type == "order_refunded" and is_unlinked(data):
        apply_unlinked_refund(state.unlinked_refunds, data, occasion, state.watermark)
        return
    key = order_of(event_type, data, occasion)
    if key is not None:
        # Combined summaries share the orders of their streams: one that changes is a new one.
        order = state.orders[key] = {**state.orders.get(key, {})}
        apply_to_order(order, event_type, data, occasion, state.watermark)


def _cart_updated(state: SummaryState, data: Data, occasion: Occasion) -> None:
    products = mappings_in(data.get("products"))
    items = None if products is None else add_up(map(quantity_of, products))
    value, currency = whole_or_none(data.get("value")), text_or_none(data.get("currency"))
    statement = occasion.statement([value, currency, items])
    state.cart = keep(state.cart, statement, state.watermark)


_REDUCERS: dict[str, Callable[[SummaryState, Data, Occasion], None]] = {
    "traits_changed": _traits_changed,
    "loyalty_enrolled": _loyalty_enrolled,
    "loyalty_tier_changed": _loyalty_tier_changed,
    "loyalty_points_changed": _loyalty_points_changed,
    "consent_changed": _consent_changed,
    "cart_updated": _cart_updated,
    **{event_type: partial(_order, event_type) for event_type in ORDER_EVENTS},
}


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
