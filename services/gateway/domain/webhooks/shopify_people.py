"""Shopify's customers and what they consent to.

A customer's number is the shop's own knowledge. Their e-mail address was typed, by them or by
somebody else at a checkout: it proves nothing unless they have an account that they signed in to.
"""

from __future__ import annotations

from collections.abc import Iterator

from chassis.core.instants import format_instant
from services.gateway.domain.webhooks.reading import (
    Document,
    optional_instant,
    part_of,
    required_id,
    required_instant,
    text_of,
)
from services.gateway.domain.webhooks.stitching import shop_of
from services.gateway.domain.webhooks.understanding import WebhookEvent, WebhookMessage, event_of

_GRANTED = {"subscribed": True, "unsubscribed": False}
_CHANNELS = (
    # purpose and identifier, where the consent is, where the address is
    ("email", "email_marketing_consent", ("email", "email_address")),
    ("sms", "sms_marketing_consent", ("phone", "phone_number")),
)


def customer_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """What a customer's payload says: traits, and in last year's form consents."""
    customer = message.document
    customer_id = required_id(customer, "id")
    changed_at = required_instant(customer, "updated_at", "created_at")
    address = part_of(customer, "default_address")
    traits = {
        "first_name": text_of(customer.get("first_name")),
        "last_name": text_of(customer.get("last_name")),
        "city": text_of(address.get("city")),
        "country": text_of(address.get("country_code")),
        "tags": text_of(customer.get("tags")),
    }
    identifiers = {
        "user_id": customer_id,
        "email": text_of(customer.get("email")),
        "phone": text_of(customer.get("phone")),
    }
    proof: dict[str, list[str]] = {} if _has_signed_in(customer) else {"proven": []}
    yield event_of(
        ("shopify", shop_of(message.source), "customer", customer_id, format_instant(changed_at)),
        "traits_changed",
        format_instant(changed_at),
        identifiers,
        {"traits": {name: value for name, value in traits.items() if value}},
        authenticated=True,
        **proof,
    )
    yield from consent_events(message)


def consent_events(message: WebhookMessage) -> Iterator[WebhookEvent]:
    """The consents of a payload, each to the address that it is about.

    A box that nobody has ticked is no refusal. A consent is the address's own only if the link
    in the message to it was opened: otherwise anybody may have typed it.
    """
    document = message.document
    for purpose, name, addresses in _CHANNELS:
        consent = part_of(document, name)
        granted = _GRANTED.get(text_of(consent.get("state")).lower())
        address = next(filter(None, (text_of(document.get(each)) for each in addresses)), "")
        changed_at = optional_instant(consent, "consent_updated_at")
        if granted is None or not address:
            continue
        if changed_at is None:
            changed_at = required_instant(document, "updated_at", "created_at")
        kind = "email" if purpose == "email" else "phone"
        confirmed = text_of(consent.get("opt_in_level")).lower() == "confirmed_opt_in"
        yield event_of(
            ("shopify", shop_of(message.source), "consent", purpose, format_instant(changed_at)),
            "consent_changed",
            format_instant(changed_at),
            {kind: address},
            {"purpose": purpose, "granted": granted},
            **({"proven": [kind]} if granted and confirmed else {}),
        )


def _has_signed_in(customer: Document) -> bool:
    """Whether the customer has an account that is in use: `disabled` is one that never was."""
    return customer.get("state") == "enabled" and customer.get("verified_email") is not False
