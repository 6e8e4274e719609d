"""Shopify's topics, and what is made of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from services.gateway.domain.webhooks.binding import (
    DOUBTFUL,
    check_shop,
    check_topic,
    is_of_shop,
    is_of_topic,
)
from services.gateway.domain.webhooks.shopify_carts import cart_events, checkout_events
from services.gateway.domain.webhooks.shopify_orders import (
    deleted_order,
    identifiers_of,
    order_events,
    refund_events,
)
from services.gateway.domain.webhooks.shopify_people import consent_events, customer_events
from services.gateway.domain.webhooks.understanding import Understanding, WebhookMessage

TOPIC_HEADERS = ("x-shopify-topic", "shopify-topic")
SHOP_HEADERS = ("x-shopify-shop-domain", "shopify-shop-domain")
DUE_TOPICS = frozenset(
    {"customers/data_request", "customers/redact", "shop/redact", "customers/delete"}
)
"""What somebody has to see to: the three privacy topics, and a customer that is gone."""

_NOBODY = "names no shopper: it has no e-mail address, telephone number or device"
_TEST = "is a test order, which counts nowhere"
_ASKED = "must be done by hand, by its date: nothing is erased automatically yet"
_MERGED = "merges nobody: decide with `cdp identity merge`"
_UNKNOWN = "is a topic of which nothing is made"


def understand_shopify(message: WebhookMessage) -> Understanding:
    """What a message of Shopify comes to; InvalidInput names the field that cannot be read."""
    topic = message.topic
    if topic in DUE_TOPICS:
        is_sound = is_of_topic(topic, message.document) and is_of_shop(
            message.source, message.document
        )
        return Understanding(reason=_ASKED if is_sound else DOUBTFUL, is_due=True)
    if topic == "customers/merge":
        return Understanding(reason=_MERGED)
    if topic.startswith("orders/"):
        return _understand_order(message)
    make = _TOPICS.get(topic)
    if make is None:
        return Understanding(reason=_UNKNOWN)
    _check_binding(message)
    events = tuple(make(message))
    return Understanding(events, "" if events else _NOTHING.get(topic, _NOBODY))


def _understand_order(message: WebhookMessage) -> Understanding:
    order = message.document
    if message.topic == "orders/delete":
        _check_binding(message)
        return Understanding(tuple(deleted_order(message)))
    if "created_at" not in order:
        return Understanding(reason=_UNKNOWN)  # orders/edited says what was edited alone
    _check_binding(message)
    if order.get("test") is True and not message.source.test:
        return Understanding(reason=_TEST)
    if not any(identifiers_of(order).values()):
        return Understanding(reason=_NOBODY)
    return Understanding(tuple(order_events(message)))


def _check_binding(message: WebhookMessage) -> None:
    """InvalidInput unless the body is of this topic and of the source's shop."""
    check_topic(is_of_topic(message.topic, message.document))
    check_shop(message.source, message.document)


_TOPICS: Mapping[str, Callable[[WebhookMessage], Iterator[dict[str, Any]]]] = {
    "refunds/create": refund_events,
    "carts/create": cart_events,
    "carts/update": cart_events,
    "checkouts/create": checkout_events,
    "checkouts/update": checkout_events,
    "customers/create": customer_events,
    "customers/update": customer_events,
    "customers/enable": customer_events,
    "customers/disable": customer_events,
    "customers/marketing_consent_update": consent_events,
    "customers/email_marketing_consent_update": consent_events,
}
_NOTHING = {
    "refunds/create": "gives no money back",
    "checkouts/create": "names nobody yet, or is over",
    "checkouts/update": "names nobody yet, or is over",
    "carts/create": "names no device: the shop's page has noted none on the cart",
    "carts/update": "names no device: the shop's page has noted none on the cart",
    "customers/marketing_consent_update": "neither consents nor refuses, or names no address",
    "customers/email_marketing_consent_update": "neither consents nor refuses, or names no address",
}
