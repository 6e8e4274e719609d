"""Shopify's orders and refunds.

The payload of an order is the whole order as of its last change, whatever the topic. It is told as
`cdp load` tells an order of the export: it counts once it is placed unless it is voided, with its
total, by the time it was created. A change is an `order_updated`, whose revision is its time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import format_instant
from services.gateway.domain.webhooks.reading import (
    Document,
    SumOfMoney,
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
from services.gateway.domain.webhooks.understanding import WebhookEvent, WebhookMessage, event_of

_MOST_LINES = 500
_MOST_CODES = 20
_VOID = frozenset({"voided", "expired"})
_GIVEN_BACK = frozenset({"success", "pending"})
_FAILED = frozenset({"failure", "error"})
_MOMENT = 1_000  # µs: what ends an order comes after it, however fast


def order_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """What an order's payload says: that it was placed, as what, its end and its refunds."""
    order = message.document
    order_id = required_id(order, "id")
    key = _key(message, "order", order_id)
    about = {"order_id": order_id, **store_data(message.source)}
    placed_at = required_instant(order, "created_at")
    changed_at = optional_instant(order, "updated_at") or placed_at
    money = _total(order)
    content = {
        **about,
        "revenue": _revenue(order, money),
        "currency": money.currency,
        "products": [*lines_of(order, money.currency)],
    }
    placed = {
        **content,
        "cart_id": cart_in(parts_of(order, "note_attributes")) or text_of(order.get("cart_token")),
        "order_name": text_of(order.get("name")),
        "discount_codes": _codes(order),
    }
    who = identifiers_of(order)
    yield event_of((*key, "completed"), "order_completed", format_instant(placed_at), who, placed)
    if changed_at > placed_at:
        changed = {**content, "revision": revision_of(changed_at)}
        yield event_of((*key, "updated"), "order_updated", format_instant(changed_at), {}, changed)
    yield from _end(order, key, about, placed_at)
    for refund in parts_of(order, "refunds"):
        yield from _refund(refund, order_id, message, money.currency, revision_of(changed_at))
    if (name := text_of(order.get("name"))) and order.get("refunds"):
        yield _without_sum(name, key, {**about, "currency": money.currency}, changed_at)


def refund_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """What the payload of a refund says, which names its order by its id alone."""
    refund = message.document
    order_id = required_id(refund, "order_id")
    yield from _refund(refund, order_id, message)


def deleted_order(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """An order that was deleted, of which nothing but its id is left."""
    order_id = required_id(message.document, "id")
    yield event_of(
        (*_key(message, "order", order_id), "deleted"),
        "order_cancelled",
        format_instant(message.received_at),
        {},
        {"order_id": order_id, **store_data(message.source)},
    )


def identifiers_of(order: Document) -> dict[str, str]:
    """The addresses that were typed, and the device: none of them proves anything."""
    customer = part_of(order, "customer")
    addresses = (text_of(each.get(name)) for each in (order, customer) for name in _MAILS)
    return {
        "anonymous_id": device_in(parts_of(order, "note_attributes")),
        "email": next(filter(None, addresses), ""),
        "phone": next(filter(None, (text_of(each.get("phone")) for each in (order, customer))), ""),
    }


_MAILS = ("email", "contact_email")


def lines_of(document: Document, currency: str) -> Iterator[dict[str, Any]]:
    """The lines of an order, a cart or a checkout, as the mapping of the export has them."""
    for line in parts_of(document, "line_items")[:_MOST_LINES]:
        sku, name = (
            text_of(line.get("sku")),
            text_of(line.get("name")) or text_of(line.get("title")),
        )
        product_id = sku or name or id_of(line.get("product_id"))
        quantity = line.get("quantity")
        if not product_id or quantity in (0, "0"):
            continue
        found = {
            "product_id": product_id,
            "sku": sku,
            "name": name,
            "quantity": quantity,
            "price": _price(line, currency),
            "shopify_product_id": id_of(line.get("product_id")),
            "shopify_variant_id": id_of(line.get("variant_id")),
        }
        yield {key: value for key, value in found.items() if value not in (None, "")}


def _price(line: Document, currency: str) -> int | None:
    """The price of one piece, before discounts; None if it cannot be read in the currency."""
    shop = part_of(line, "price_set", "shop_money")
    if text_of(shop.get("currency_code")) not in ("", currency):
        return None
    return price_in(shop.get("amount", line.get("price")), currency)


def _total(order: Document) -> SumOfMoney:
    """What was paid in all, in the shop's currency, shipping and taxes included."""
    shop = part_of(order, "total_price_set", "shop_money")
    currency = text_of(shop.get("currency_code")) or text_of(order.get("currency"))
    if not currency:
        raise InvalidInput("currency", "is missing")
    value = shop.get("amount", order.get("total_price"))
    return SumOfMoney(minor_units(value, currency, "total_price"), currency)


def _revenue(order: Document, total: SumOfMoney) -> int:
    """The total without what was taken out of the order before anybody had paid for it.

    Shopify tells that as a refund without a payment, and goes on naming the total of before. What
    the order comes to now is less what was given back, which is for its refunds to say.
    """
    refunds = parts_of(order, "refunds")
    now = part_of(order, "current_total_price_set", "shop_money")
    if all(map(_payments_of, refunds)) or text_of(now.get("currency_code")) != total.currency:
        return total.amount
    current = price_in(now.get("amount"), total.currency)
    if current is None:
        return total.amount
    paid_back = (_given_back(each, _payments_of(each), total.currency) for each in refunds)
    return min(total.amount, current + sum(each.amount for each in paid_back))


def _codes(order: Document) -> list[str] | None:
    codes = [text_of(each.get("code")) for each in parts_of(order, "discount_codes")[:_MOST_CODES]]
    return [code for code in codes if code] or None


def _end(
    order: Document, key: tuple[str, ...], about: Mapping[str, str], placed_at: int
) -> Iterator[WebhookEvent]:
    cancelled_at = optional_instant(order, "cancelled_at")
    if cancelled_at is None and text_of(order.get("financial_status")) not in _VOID:
        return
    at = max(cancelled_at or placed_at, placed_at + _MOMENT)
    yield event_of((*key, "cancelled"), "order_cancelled", format_instant(at), {}, about)


def _without_sum(
    name: str, key: tuple[str, ...], about: Mapping[str, str], changed_at: int
) -> WebhookEvent:
    """The export has the sum of an order's refunds alone: where it was loaded, they replace it."""
    reference = f"shopify-{name}-refunded"
    data = {**about, "refund_id": reference, "amount": 0, "revision": 1}
    return event_of(
        (*key, "refunded-in-export"), "order_refunded", format_instant(changed_at), {}, data
    )


def _refund(
    refund: Document, order_id: str, message: WebhookMessage, currency: str = "", revision: int = 0
) -> Iterator[WebhookEvent]:
    """A refund, as its own topic and the payload of its order tell it alike.

    Where a payment has failed after it had been pending, the order's revision says which of the
    two is the later.
    """
    refund_id = required_id(refund, "id")
    at = required_instant(refund, "created_at", "processed_at")
    payments = _payments_of(refund)
    made = [each for each in payments if text_of(each.get("status")) in _GIVEN_BACK]
    has_failed = any(text_of(each.get("status")) in _FAILED for each in payments)
    money = _given_back(refund, made, currency or _currency_of(refund, payments))
    if not money.amount and not (has_failed and revision):
        return
    data = {
        "order_id": order_id,
        **store_data(message.source),
        "refund_id": refund_id,
        "amount": money.amount,
        "currency": money.currency,
        "revision": revision if has_failed and revision else None,
    }
    yield event_of(
        _key(message, "refund", refund_id), "order_refunded", format_instant(at), {}, data
    )


def _payments_of(refund: Document) -> list[Document]:
    return [each for each in parts_of(refund, "transactions") if each.get("kind") == "refund"]


def _given_back(refund: Document, payments: Sequence[Document], currency: str) -> SumOfMoney:
    """What went back, in the shop's currency: the payments, else what the lines come to.

    Payments may name the shopper's currency alone; lines always name the shop's, too.
    """
    amounts = [_paid_in(each, currency) for each in payments]
    if None not in amounts:
        return SumOfMoney(sum(amount for amount in amounts if amount is not None), currency)
    lines = parts_of(refund, "refund_line_items")
    adjustments = parts_of(refund, "order_adjustments")
    total = sum(
        _in_shop(line, name, currency)
        for line in lines
        for name in ("subtotal_set", "total_tax_set")
    ) - sum(
        _in_shop(each, name, currency)
        for each in adjustments
        for name in ("amount_set", "tax_amount_set")
    )
    return SumOfMoney(max(total, 0), currency)


def _paid_in(payment: Document, currency: str) -> int | None:
    """The amount of a payment in a currency; None if it is known in another one alone."""
    shop = part_of(payment, "amount_set", "shop_money")
    if text_of(shop.get("currency_code")) == currency:
        return minor_units(shop.get("amount"), currency, "transactions.amount_set")
    if text_of(payment.get("currency")) in ("", currency):
        return minor_units(payment.get("amount"), currency, "transactions.amount")
    return None


def _in_shop(part: Document, name: str, currency: str) -> int:
    shop = part_of(part, name, "shop_money")
    return minor_units(shop["amount"], currency, name) if "amount" in shop else 0


def _currency_of(refund: Document, payments: Sequence[Document]) -> str:
    """The shop's currency, where anything of a refund says it, else that of its payments."""
    parts = [
        *(part_of(each, "subtotal_set") for each in parts_of(refund, "refund_line_items")),
        *(part_of(each, "amount_set") for each in parts_of(refund, "order_adjustments")),
        *(part_of(each, "amount_set") for each in payments),
    ]
    codes = [text_of(part_of(each, "shop_money").get("currency_code")) for each in parts]
    codes += [text_of(each.get("currency")) for each in payments]
    found = next(filter(None, codes), "")
    if payments and not found:
        raise InvalidInput("transactions.currency", "is missing")
    return found


def _key(message: WebhookMessage, kind: str, number: str) -> tuple[str, ...]:
    return ("shopify", shop_of(message.source), kind, number)
