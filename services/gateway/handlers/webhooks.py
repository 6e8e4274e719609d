"""Webhooks: what a shop or a payment provider sends is checked, kept, and answered at once.

It is understood afterwards, by `webhook_settling`: a sender waits a few seconds at most, and what
it has signed must not be lost because something else is away, or because we cannot read it yet.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from chassis.core.errors import Refused
from chassis.core.json import load_json
from services.gateway.domain.exchange import EdgeRequest, EdgeResponse, ServiceCall, Steps
from services.gateway.domain.routes import Route
from services.gateway.domain.webhooks.binding import check_sending_shop
from services.gateway.domain.webhooks.senders import (
    SHOPIFY,
    STANDARD,
    STRIPE,
    WOOCOMMERCE,
    due_at,
    topic_name,
)
from services.gateway.domain.webhooks.shopify import SHOP_HEADERS, TOPIC_HEADERS
from services.gateway.domain.webhooks.signatures import (
    check_shopify,
    check_standard,
    check_stripe,
    check_woocommerce,
)

_MAX_BYTES = 2 * 1024 * 1024
_KEPT_HEADERS = (
    "x-shopify-webhook-id", "x-shopify-event-id", "x-shopify-api-version", "x-shopify-triggered-at",
    "shopify-webhook-id", "shopify-api-version", "shopify-triggered-at",
    "x-wc-webhook-id", "x-wc-webhook-delivery-id",
    "webhook-id", "webhook-timestamp",
)  # fmt: skip
_LONGEST_HEADER = 200
_PING = b"webhook_id="


def receive_shopify(request: EdgeRequest) -> Steps:
    """What Shopify sends: 200 once it is kept, 401 if it is not signed."""
    topic = next(filter(None, map(request.headers.get, TOPIC_HEADERS)), "")
    shop = next(filter(None, map(request.headers.get, SHOP_HEADERS)), None)

    def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
        check_shopify(headers, body, secrets)
        check_sending_shop(request.source, shop)

    return (yield from _receive(request, SHOPIFY, check, lambda: topic))


def receive_woocommerce(request: EdgeRequest) -> Steps:
    """What WooCommerce sends; the ping with which a webhook is saved must be answered 200."""
    topic = request.headers.get("x-wc-webhook-topic", "")
    if not topic and request.body.startswith(_PING):
        return EdgeResponse(200, {"status": "pong"})

    def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
        check_woocommerce(headers, body, secrets)
        check_sending_shop(request.source, headers.get("x-wc-webhook-source"))

    return (yield from _receive(request, WOOCOMMERCE, check, lambda: topic))


def receive_stripe(request: EdgeRequest) -> Steps:
    """What Stripe sends: signed with a time, outside of which it is refused."""

    def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
        check_stripe(headers, body, secrets, request.received_at)

    return (yield from _receive(request, STRIPE, check, lambda: _type_in(request.body)))


def receive_standard(request: EdgeRequest) -> Steps:
    """What anybody sends who signs by Standard Webhooks; the source has a mapping for it."""

    def check(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
        check_standard(headers, body, secrets, request.received_at)

    return (yield from _receive(request, STANDARD, check, lambda: _type_in(request.body)))


def _receive(
    request: EdgeRequest,
    sender: str,
    check: Callable[[Mapping[str, str], bytes, Sequence[str]], None],
    topic: Callable[[], str],
) -> Steps:
    """Keep what is signed; nothing is parsed before that is known, its topic neither."""
    try:
        check(request.headers, request.body, request.source.webhook_secrets)
    except Refused as error:
        body = {"code": "unauthorized", "message": str(error), "field": error.subject}
        return EdgeResponse(401, body)
    name = topic_name(sender, topic())
    arguments = {
        "source_id": request.source.source_id,
        "topic": name,
        "headers": {
            header: request.headers[header][:_LONGEST_HEADER]
            for header in _KEPT_HEADERS
            if header in request.headers
        },
        "body": request.body,
        "due_at": due_at(name, request.received_at),
    }
    delivery_id = yield ServiceCall("gateway", "keep_delivery", arguments)
    return EdgeResponse(200, {"delivery_id": delivery_id})


def _type_in(body: bytes) -> str:
    """The `type` of a message, which may be no JSON."""
    try:
        document = load_json(body)
    except ValueError:
        return ""
    found = document.get("type") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _route(name: str, handler: Any, summary: str) -> Route:
    return Route(
        method="POST",
        path=f"/webhooks/{{source}}/{name}",
        handler=handler,
        key="source",
        reads_json=False,
        max_bytes=_MAX_BYTES,
        summary=summary,
    )


ROUTES: tuple[Route, ...] = (
    _route(SHOPIFY, receive_shopify, "A webhook of Shopify, signed with the app's client secret."),
    _route(WOOCOMMERCE, receive_woocommerce, "A webhook of WooCommerce, signed with its secret."),
    _route(STRIPE, receive_stripe, "An event of Stripe, signed with the endpoint's secret."),
    _route(STANDARD, receive_standard, "A message that is signed by Standard Webhooks."),
)
