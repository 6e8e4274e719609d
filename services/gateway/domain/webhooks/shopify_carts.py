"""Shopify's carts and checkouts: who is at the checkout, and with what.

The browser counts for carts where our script runs. A cart that names no device is nobody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chassis.core.instants import format_instant
from services.gateway.domain.webhooks.reading import (
    Document,
    minor_units,
    optional_instant,
    part_of,
    parts_of,
    price_in,
    required_id,
    required_instant,
    text_of,
)
from services.gateway.domain.webhooks.shopify_orders import identifiers_of, lines_of
from services.gateway.domain.webhooks.stitching import cart_in, device_in, shop_of
from services.gateway.domain.webhooks.understanding import WebhookEvent, WebhookMessage, event_of

_COST = ("line_price_set", "shop_money")
_IN_SHOP = (_COST, ("price_set", "shop_money"))


def cart_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """A cart as it now stands, if the shop's page has noted a device on it."""
    cart = message.document
    token = required_id(cart, "token", "id")
    notes = _notes(cart)
    device = device_in(notes)
    if not device:
        return
    at = optional_instant(cart, "updated_at", "created_at") or message.received_at
    currency = text_of(cart.get("currency")) or _currency_of_lines(cart)
    data: dict[str, Any] = {
        "cart_id": cart_in(notes) or token,
        "products": [*lines_of(cart, currency)],
    }
    value = _value_of_lines(cart, currency)
    if value is not None:
        data |= {"value": value, "currency": currency}
    key = ("shopify", shop_of(message.source), "cart", token, format_instant(at))
    yield event_of(key, "cart_updated", format_instant(at), {"anonymous_id": device}, data)


def checkout_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """That a checkout was begun, once, and what is in it; an address that was typed proves nothing.

    What was bought is told by its order.
    """
    checkout = message.document
    token = required_id(checkout, "token", "id")
    who = {name: value for name, value in identifiers_of(checkout).items() if value}
    if not who or text_of(checkout.get("completed_at")):
        return
    begun_at = required_instant(checkout, "created_at")
    at = optional_instant(checkout, "updated_at") or begun_at
    cart = cart_in(_notes(checkout)) or text_of(checkout.get("cart_token")) or token
    key = ("shopify", shop_of(message.source), "checkout", token)
    yield event_of(
        (*key, "started"), "checkout_started", format_instant(begun_at), who, {"cart_id": cart}
    )
    currency = _currency(checkout)
    data: dict[str, Any] = {"cart_id": cart, "products": [*lines_of(checkout, currency)]}
    if currency and text_of(checkout.get("total_price")):
        value = minor_units(checkout["total_price"], currency, "total_price")
        data |= {"value": value, "currency": currency}
    yield event_of(
        (*key, "cart", format_instant(at)), "cart_updated", format_instant(at), who, data
    )


def _notes(document: Document) -> list[Document]:
    """The attributes of a cart: a list of names and values, or an object of them."""
    given = part_of(document, "attributes")
    return [
        *parts_of(document, "note_attributes"),
        *parts_of(document, "attributes"),
        *({"name": name, "value": value} for name, value in given.items()),
    ]


def _currency_of_lines(cart: Document) -> str:
    """The shop's currency, which a cart names with the money of its lines alone."""
    parts = (part_of(line, *path) for line in parts_of(cart, "line_items") for path in _IN_SHOP)
    return next(filter(None, (text_of(each.get("currency_code")) for each in parts)), "")


def _value_of_lines(cart: Document, currency: str) -> int | None:
    """What the lines cost after their own discounts; None unless each says so in the currency."""
    costs = [part_of(line, *_COST) for line in parts_of(cart, "line_items")]
    if not currency or any(text_of(each.get("currency_code")) != currency for each in costs):
        return None
    amounts = [price_in(each.get("amount"), currency) for each in costs]
    return None if None in amounts else sum(each for each in amounts if each is not None)


def _currency(checkout: Document) -> str:
    """The shop's currency, in which a checkout's `total_price` is."""
    return text_of(checkout.get("currency"))
