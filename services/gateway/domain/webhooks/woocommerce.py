"""WooCommerce's topics: orders with their refunds, and customers.

An order's payload is the whole order as of its last change. It is told as `cdp load` tells an order
of the export, with a revision, since a cancelled order may be taken up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import DAY, format_instant
from services.gateway.domain.webhooks.binding import (
    DOUBTFUL,
    check_shop,
    check_topic,
    is_of_woo_topic,
)
from services.gateway.domain.webhooks.reading import (
    Document,
    id_of,
    minor_units,
    optional_instant,
    part_of,
    parts_of,
    price_in,
    required_id,
    required_instant,
    revision_of,
    text_of,
)
from services.gateway.domain.webhooks.stitching import cart_in, device_in, shop_of, store_data
from services.gateway.domain.webhooks.understanding import (
    Understanding,
    WebhookEvent,
    WebhookMessage,
    event_of,
)

DUE_TOPICS = frozenset({"customer.deleted"})
_MOST_LINES = 500
_MOMENT = 1_000  # µs
_RESTORED_WITHIN = DAY
_UNPAID = frozenset({"pending", "checkout-draft", "auto-draft", "draft"})
_NEVER_PAID = frozenset({"failed", "trash"})
_ENDED = frozenset({"cancelled"}) | _NEVER_PAID
_NOT_YET = "is not paid yet"
_NOBODY = "names no shopper: it has no customer, e-mail address, telephone number or device"
_GONE = "says that a customer was deleted: somebody has to see to it, nothing is erased yet"
_UNKNOWN = "is a topic of which nothing is made"


def understand_woocommerce(message: WebhookMessage) -> Understanding:
    """What a message of WooCommerce comes to; InvalidInput names what cannot be read."""
    is_sound = is_of_woo_topic(message.topic, message.document)
    if message.topic in DUE_TOPICS:
        return Understanding(reason=_GONE if is_sound else DOUBTFUL, is_due=True)
    check_topic(is_sound)
    check_shop(message.source, message.document)
    match message.topic:
        case "order.deleted":
            return Understanding((_deleted_order(message),))
        case "order.created" | "order.updated" | "order.restored":
            return _understand_order(message)
        case "customer.created" | "customer.updated":
            return Understanding((_customer(message),))
    return Understanding(reason=_UNKNOWN)


def _understand_order(message: WebhookMessage) -> Understanding:
    order = message.document
    status = text_of(order.get("status"))
    if status in _UNPAID:
        return Understanding(reason=_NOT_YET)
    if not any(_identifiers(order).values()) and status not in _NEVER_PAID:
        return Understanding(reason=_NOBODY)
    return Understanding(tuple(_order_events(message, status)))


def _order_events(message: WebhookMessage, status: str) -> Iterator[WebhookEvent]:
    order = message.document
    order_id = required_id(order, "id")
    key = _key(message, "order", order_id)
    about = {"order_id": order_id, **store_data(message.source)}
    placed_at = required_instant(order, "date_created_gmt", "date_paid_gmt")
    changed_at = optional_instant(order, "date_modified_gmt") or placed_at
    version = {"revision": revision_of(changed_at)}
    if status in _ENDED:
        at = format_instant(max(changed_at, placed_at + _MOMENT))
        yield event_of((*key, "cancelled"), "order_cancelled", at, {}, {**about, **version})
    if status in _NEVER_PAID:
        return
    currency = text_of(order.get("currency"))
    if not currency:
        raise InvalidInput("currency", "is missing")
    revenue = minor_units(order.get("total"), currency, "total")
    who = _identifiers(order)
    placed = {
        **about,
        **version,
        "revenue": revenue,
        "currency": currency,
        "products": [*_lines(order, currency)],
        "cart_id": cart_in(parts_of(order, "meta_data"), "key"),
        "order_number": text_of(order.get("number")),
    }
    is_account = "user_id" in who
    yield event_of(
        (*key, "completed"),
        "order_completed",
        format_instant(placed_at),
        who,
        placed,
        **({"authenticated": True} if is_account else {}),
    )
    if _was_just_restored(message, changed_at):  # what `order.deleted` has ended begins again
        data = {name: value for name, value in placed.items() if name != "revision"}
        yield event_of(
            (*key, "restored", format_instant(changed_at)),
            "order_completed",
            format_instant(message.received_at),
            who,
            {**data, "placed_at": format_instant(placed_at)},
            **({"authenticated": True} if is_account else {}),
        )
    yield from _refunds(message, about, revenue, currency, changed_at)


def _was_just_restored(message: WebhookMessage, changed_at: int) -> bool:
    """Whether an order was taken out of the bin, which has changed it.

    The body is one as of any other change, and an old one brings back no order that was deleted.
    """
    age = abs(message.received_at - changed_at)
    return message.topic == "order.restored" and age <= _RESTORED_WITHIN


def _refunds(
    message: WebhookMessage, about: Mapping[str, str], revenue: int, currency: str, changed_at: int
) -> Iterator[WebhookEvent]:
    """The refunds of an order, by their numbers.

    The export has their sum alone. Where it was loaded too, that gives way to the single ones. An
    order may be refunded by its status, without a refund for the rest.
    """
    order = message.document
    order_id, at = about["order_id"], format_instant(changed_at)
    refunded = 0
    for refund in parts_of(order, "refunds"):
        refund_id = required_id(refund, "id")
        amount = abs(minor_units(refund.get("total"), currency, "refunds.total"))
        refunded += amount
        data = {**about, "refund_id": refund_id, "amount": amount, "currency": currency}
        key = _key(message, "order", order_id, "refund", refund_id)
        yield event_of(key, "order_refunded", at, {}, data)
    key = _key(message, "order", order_id)
    if refunded:
        reference = f"woocommerce-{order_id}-refunded-in-part"
        data = {
            **about,
            "refund_id": reference,
            "amount": 0,
            "currency": currency,
            "revision": 1,
        }
        yield event_of((*key, "refunded-in-export"), "order_refunded", at, {}, data)
    if text_of(order.get("status")) == "refunded" and refunded < revenue:
        data = {**about, "refund_id": f"woocommerce-{order_id}-refunded"}
        yield event_of((*key, "refunded"), "order_refunded", at, {}, data)


def _deleted_order(message: WebhookMessage) -> WebhookEvent:
    """An order that is gone, or in the bin: nothing is told of it but its number."""
    order_id = required_id(message.document, "id")
    at = format_instant(message.received_at)
    return event_of(
        (*_key(message, "order", order_id), "deleted", at),
        "order_cancelled",
        at,
        {},
        {"order_id": order_id, **store_data(message.source)},
    )


def _identifiers(order: Document) -> dict[str, str]:
    """The account, which the shop knows by its session; else what a guest has typed, and where.

    An order of an account names no device: that would count as a sign-in on it.
    """
    billing, customer_id = part_of(order, "billing"), id_of(order.get("customer_id"))
    addresses = {"email": text_of(billing.get("email")), "phone": text_of(billing.get("phone"))}
    if customer_id.strip("0"):
        return {"user_id": customer_id, **addresses}
    return {"anonymous_id": device_in(parts_of(order, "meta_data"), "key"), **addresses}


def _lines(order: Document, currency: str) -> Iterator[dict[str, Any]]:
    """The lines, as the mapping of the export has them: a price is what a piece came to."""
    for line in parts_of(order, "line_items")[:_MOST_LINES]:
        sku, name = text_of(line.get("sku")), text_of(line.get("name"))
        product_id = sku or id_of(line.get("product_id")) or name
        quantity = line.get("quantity")
        if not product_id or not isinstance(quantity, (int, float)) or not quantity:
            continue
        total = price_in(line.get("total"), currency)
        found = {
            "product_id": product_id,
            "sku": sku,
            "name": name,
            "quantity": quantity,
            "price": None if total is None else round(total / quantity),
        }
        yield {key: value for key, value in found.items() if value not in (None, "")}


def _customer(message: WebhookMessage) -> WebhookEvent:
    """A customer's account, whose address is proven only if the shop sees to that."""
    customer = message.document
    customer_id = required_id(customer, "id")
    at = optional_instant(customer, "date_modified_gmt", "date_created_gmt")
    time = format_instant(at if at is not None else message.received_at)
    billing = part_of(customer, "billing")
    traits = {
        "first_name": text_of(customer.get("first_name")),
        "last_name": text_of(customer.get("last_name")),
        "city": text_of(billing.get("city")),
        "country": text_of(billing.get("country")),
    }
    return event_of(
        (*_key(message, "customer", customer_id), time),
        "traits_changed",
        time,
        {
            "user_id": customer_id,
            "email": text_of(customer.get("email")),
            "phone": text_of(billing.get("phone")),
        },
        {"traits": {name: value for name, value in traits.items() if value}},
        authenticated=True,
        proven=["email"] if message.source.emails_verified else [],
    )


def _key(message: WebhookMessage, *parts: str) -> tuple[str, ...]:
    return ("woocommerce", shop_of(message.source), *parts)
