"""The programs that send webhooks, and how each is understood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis.core.instants import DAY
from services.gateway.domain.webhooks.shopify import DUE_TOPICS as DUE_BY_SHOPIFY
from services.gateway.domain.webhooks.shopify import understand_shopify
from services.gateway.domain.webhooks.stripe import understand_stripe
from services.gateway.domain.webhooks.understanding import Understand
from services.gateway.domain.webhooks.woocommerce import DUE_TOPICS as DUE_BY_WOOCOMMERCE
from services.gateway.domain.webhooks.woocommerce import understand_woocommerce

SHOPIFY, WOOCOMMERCE, STRIPE, STANDARD = "shopify", "woocommerce", "stripe", "standard"

UNDERSTAND: Mapping[str, Understand] = {
    SHOPIFY: understand_shopify,
    WOOCOMMERCE: understand_woocommerce,
    STRIPE: understand_stripe,
}
"""How what a sender sends is understood; Standard Webhooks have a mapping of their own."""

_DUE_TOPICS = {SHOPIFY: DUE_BY_SHOPIFY, WOOCOMMERCE: DUE_BY_WOOCOMMERCE}
_DELAY = 30 * DAY
_LONGEST_TOPIC = 80


def topic_name(sender: str, topic: Any) -> str:
    """A topic as it is kept: `shopify:orders/paid`."""
    text = topic if isinstance(topic, str) else ""
    readable = "".join(each for each in text[:_LONGEST_TOPIC] if each.isprintable()).strip()
    return f"{sender}:{readable or '-'}"


def split_topic(name: str) -> tuple[str, str]:
    """The sender and the topic of a name."""
    sender, _, topic = name.partition(":")
    return sender, topic


def due_at(name: str, received_at: int) -> int | None:
    """Until when somebody must do what a topic asks for; None if it asks for nothing.

    Shopify gives its shops 30 days for what their shoppers ask, and others are asked no less.
    """
    sender, topic = split_topic(name)
    return received_at + _DELAY if topic in _DUE_TOPICS.get(sender, ()) else None
