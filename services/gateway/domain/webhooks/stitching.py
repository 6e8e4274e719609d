"""How an order finds the browser that it came from: our device id, as an attribute of the cart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from services.gateway.domain.sources import EventSource
from services.gateway.domain.webhooks.reading import Document, noted

DEVICE_NOTES = ("cdp_id", "_cdp_id", "cdp_anonymous_id")
CART_NOTES = ("cdp_cart_id", "_cdp_cart_id")


def device_in(notes: Sequence[Document], key: str = "name") -> str:
    """The device that a shop's page has noted on a cart or an order."""
    return noted(notes, DEVICE_NOTES, key)


def cart_in(notes: Sequence[Document], key: str = "name") -> str:
    """The cart that a shop's page has noted, by the name that it has for it."""
    return noted(notes, CART_NOTES, key)


def shop_of(source: EventSource) -> str:
    """The shop, as ids of events name it: all sources of one store are one shop."""
    return source.store or source.source_id


def store_data(source: EventSource) -> Mapping[str, str]:
    """What events of orders say of their store."""
    return {"store": source.store} if source.store else {}
