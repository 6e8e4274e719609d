"""What shops send, made up, in the forms of this year and the last; and how it is signed."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.gateway.domain.sources import EventSource
from services.gateway.domain.webhooks.senders import UNDERSTAND
from services.gateway.domain.webhooks.understanding import Understanding, WebhookMessage

SECRET = "made up for tests"
RECEIVED_AT = 1_795_351_200_000_000  # 2026-11-22T12:40:00Z
Payload = dict[str, Any]


def source(**changes: Any) -> EventSource:
    """A source of the shop `mugs`."""
    given: dict[str, Any] = {"source_id": "src-1", "name": "shop", "key_kind": "server"}
    return EventSource(**{**given, "store": "mugs", "webhook_secrets": (SECRET,), **changes})


def understood(sender: str, topic: str, document: Mapping[str, Any], **more: Any) -> Understanding:
    """What a message comes to."""
    sent_by = more.pop("source", source())
    given = {"received_at": RECEIVED_AT, **more}
    return UNDERSTAND[sender](
        WebhookMessage(source=sent_by, topic=topic, document=document, **given)
    )


def body_of(document: Mapping[str, Any]) -> bytes:
    """A payload as it is sent: programs put blanks where they like, and escape as they like."""
    return json.dumps(document, ensure_ascii=True, separators=(", ", ":")).encode()


def signed(body: bytes, secret: str = SECRET) -> str:
    """The signature of Shopify and of WooCommerce."""
    return base64.b64encode(hmac.digest(secret.encode(), body, hashlib.sha256)).decode()


def stripe_signed(body: bytes, at: int, *secrets: str) -> str:
    """Stripe's header, with a signature for each secret; `at` is in seconds."""
    parts = [
        f"v1={hmac.digest(secret.encode(), f'{at}.'.encode() + body, hashlib.sha256).hex()}"
        for secret in secrets or (SECRET,)
    ]
    return ",".join([f"t={at}", *parts, "v0=00"])


def money_set(amount: str, currency: str = "EUR") -> Payload:
    """Shopify's money: the shop's and, in another currency, the shopper's."""
    return {
        "shop_money": {"amount": amount, "currency_code": currency},
        "presentment_money": {"amount": "1.00", "currency_code": "SEK"},
    }


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """Something that is bought."""

    sku: str
    price: str
    quantity: int = 1


LINES = (BoughtLine("CUP", "10.00", 2), BoughtLine("", "5.00"))


def shopify_order(
    order_id: int = 5_001,
    total: str = "29.90",
    lines: Sequence[BoughtLine] = LINES,
    **changes: Any,
) -> Payload:
    """An order, paid, of the form of 2026-10."""
    return {
        "id": order_id,
        "admin_graphql_api_id": f"gid://shopify/Order/{order_id}",
        "name": f"#{order_id - 4_000}",
        "email": "lea@shop.example",
        "contact_email": "lea@shop.example",
        "phone": None,
        "created_at": "2026-11-20T10:00:00+01:00",
        "processed_at": "2026-11-20T09:59:58+01:00",
        "updated_at": "2026-11-20T10:00:05+01:00",
        "cancelled_at": None,
        "cancel_reason": None,
        "currency": "EUR",
        "presentment_currency": "SEK",
        "financial_status": "paid",
        "total_price": total,
        "total_price_set": money_set(total),
        "current_total_price_set": money_set(total),
        "subtotal_price": "25.00",
        "cart_token": "c1-token",
        "checkout_token": "c1-checkout",
        "test": False,
        "note_attributes": [{"name": "cdp_id", "value": "b7c1"}],
        "discount_codes": [{"code": "AUTUMN", "amount": "2.00", "type": "fixed_amount"}],
        "customer": {"id": 77, "email": "lea@shop.example", "state": "disabled"},
        "line_items": [shopify_line(line) for line in lines],
        "refunds": [],
        **changes,
    }


def shopify_line(line: BoughtLine) -> Payload:
    """A line of an order, a cart or a checkout."""
    return {
        "id": 901,
        "product_id": 301,
        "variant_id": 302,
        "sku": line.sku or None,
        "title": "Mug",
        "name": "Mug - blue",
        "quantity": line.quantity,
        "current_quantity": line.quantity,
        "price": line.price,
        "price_set": money_set(line.price),
    }


def last_years(order: Payload) -> Payload:
    """The same order in the form of 2025-01: with ids of checkouts, and consents in customers."""
    customer = {
        **(order.get("customer") or {}),
        "tags": "vip",
        "email_marketing_consent": {"state": "subscribed", "opt_in_level": "single_opt_in"},
        "verified_email": True,
    }
    return {**order, "checkout_id": 9_001, "tags": "", "customer": customer}


def shopify_refund(
    refund_id: int = 801,
    order_id: int = 5_001,
    amount: str = "10.00",
    at: str = "2026-11-20T11:00:00+01:00",
    **changes: Any,
) -> Payload:
    """A refund that went back at once; `subtotal` and `total_tax` are numbers, as they are sent."""
    return {
        "id": refund_id,
        "order_id": order_id,
        "created_at": at,
        "processed_at": at,
        "note": "broken",
        "refund_line_items": [
            {
                "id": 1,
                "quantity": 1,
                "subtotal": float(amount),
                "total_tax": 0.0,
                "subtotal_set": money_set(amount),
                "total_tax_set": money_set("0.00"),
            }
        ],
        "order_adjustments": [],
        "transactions": [
            {"id": 1, "kind": "refund", "status": "success", "amount": amount, "currency": "EUR"}
        ],
        **changes,
    }


def shopify_customer(**changes: Any) -> Payload:
    """A customer who has never signed in, of the form of 2026-10."""
    return {
        "id": 77,
        "email": "lea@shop.example",
        "phone": "+4915112345678",
        "first_name": "Lea",
        "last_name": "Holm",
        "state": "disabled",
        "verified_email": True,
        "created_at": "2026-11-01T10:00:00+01:00",
        "updated_at": "2026-11-20T10:00:00+01:00",
        "default_address": {"city": "Kiel", "country_code": "DE"},
        **changes,
    }


def shopify_checkout(**changes: Any) -> Payload:
    """A checkout of which the address has been typed."""
    return {
        "token": "c1-checkout",
        "cart_token": "c1-token",
        "email": "lea@shop.example",
        "created_at": "2026-11-20T09:50:00+01:00",
        "updated_at": "2026-11-20T09:55:00+01:00",
        "completed_at": None,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "total_price": "25.00",
        "note_attributes": [{"name": "cdp_id", "value": "b7c1"}],
        "line_items": [shopify_line(line) for line in LINES],
        **changes,
    }


def woo_order(
    order_id: int = 17,
    total: str = "29.90",
    lines: Sequence[BoughtLine] = LINES,
    **changes: Any,
) -> Payload:
    """An order of a guest that is paid, as WooCommerce 11 sends it."""
    return {
        "id": order_id,
        "number": str(order_id),
        "status": "processing",
        "currency": "EUR",
        "date_created": "2026-11-20T10:00:00",
        "date_created_gmt": "2026-11-20T09:00:00",
        "date_modified_gmt": "2026-11-20T09:00:10",
        "date_paid_gmt": "2026-11-20T09:00:10",
        "total": total,
        "customer_id": 0,
        "billing": {"email": "lea@shop.example", "phone": "", "first_name": "Lea"},
        "meta_data": [{"id": 1, "key": "_cdp_id", "value": "b7c1"}],
        "line_items": [woo_line(line) for line in lines],
        "refunds": [],
        **changes,
    }


def woo_line(line: BoughtLine) -> Payload:
    """A line, whose `price` is a number and whose amounts are texts."""
    total = float(line.price) * line.quantity
    return {
        "id": 3,
        "name": "Mug",
        "product_id": 301,
        "variation_id": 0,
        "quantity": line.quantity,
        "sku": line.sku,
        "price": float(line.price),
        "subtotal": f"{total:.2f}",
        "total": f"{total:.2f}",
        "total_tax": "0.00",
    }


def woo_customer(**changes: Any) -> Payload:
    """A customer's account."""
    return {
        "id": 9,
        "email": "lea@shop.example",
        "first_name": "Lea",
        "last_name": "Holm",
        "username": "lea",
        "date_created_gmt": "2026-11-01T10:00:00",
        "date_modified_gmt": "2026-11-20T10:00:00",
        "billing": {"city": "Kiel", "country": "DE", "phone": "+4915112345678"},
        **changes,
    }


def stripe_event(topic: str, one: Mapping[str, Any], **changes: Any) -> Payload:
    """An event of Stripe about one object."""
    return {
        "id": "evt_made_up",
        "object": "event",
        "type": topic,
        "created": 1_795_178_000,
        "livemode": True,
        "data": {"object": dict(one)},
        **changes,
    }


def stripe_session(**changes: Any) -> Payload:
    """A checkout session that is over and paid."""
    return {
        "id": "cs_1",
        "object": "checkout.session",
        "created": 1_795_170_000,
        "amount_total": 2_990,
        "currency": "eur",
        "payment_intent": "pi_1",
        "payment_status": "paid",
        "client_reference_id": None,
        "customer_details": {"email": "lea@shop.example", "phone": None},
        "metadata": {"order_id": "A-17", "cdp_id": "b7c1"},
        **changes,
    }


def stripe_charge(**changes: Any) -> Payload:
    """A charge of which a part was refunded, in the form since 2022-11-15: without its refunds."""
    return {
        "id": "ch_1",
        "object": "charge",
        "amount": 2_990,
        "amount_refunded": 1_000,
        "currency": "eur",
        "payment_intent": "pi_1",
        "metadata": {},
        **changes,
    }


def stripe_refund(refund_id: str = "re_1", amount: int = 1_000, **changes: Any) -> Payload:
    """A refund, which names its payment and no order."""
    return {
        "id": refund_id,
        "object": "refund",
        "amount": amount,
        "charge": "ch_1",
        "created": 1_795_175_000,
        "currency": "eur",
        "payment_intent": "pi_1",
        "status": "succeeded",
        "metadata": {},
        **changes,
    }
