"""Stripe's topics: refunds, and orders of shops whose checkout is Stripe's.

A payment is not an order: an order is named by `order_id` in the metadata of the session or the
payment, by the session's `client_reference_id`, or else by its payment. What names a payment alone
waits until some message has linked it to its order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from chassis.core.errors import InvalidInput
from chassis.core.instants import SECOND, format_instant
from contracts.currencies import CURRENCIES
from services.gateway.domain.webhooks.reading import (
    Document,
    SumOfMoney,
    id_of,
    part_of,
    parts_of,
    required_id,
    revision_of,
    text_of,
)
from services.gateway.domain.webhooks.stitching import CART_NOTES, DEVICE_NOTES, shop_of, store_data
from services.gateway.domain.webhooks.understanding import (
    Understanding,
    WebhookEvent,
    WebhookMessage,
    event_of,
)

_UNLINKED = (
    "belongs to a payment whose order is not known yet: it waits for one that names the order, as"
    " `order_id` in the metadata does"
)
_LIVE = "is of Stripe's test mode, which counts nowhere"
_NOT_BOUGHT = "keeps a way to pay, and buys nothing"
_UNPAID = "is not paid yet"
_UNKNOWN = "is a topic of which nothing is made"
_NOT_GIVEN = "gives no money back"
_ORDER_NAMES = ("order_id", "orderId", "order_number")
_GIVEN_BACK = frozenset({"succeeded", "pending", "requires_action", ""})
_SESSIONS = frozenset({"checkout.session.completed", "checkout.session.async_payment_succeeded"})
_REFUNDS = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
# Currencies whose smallest unit Stripe counts otherwise than ISO 4217 does: by how many decimals.
_DECIMALS_MORE: Mapping[str, int] = {"ISK": 2, "UGX": 2, "MGA": -2}


def references_of(topic: str, document: Document) -> Sequence[str]:
    """What a message names of payments: its order may be known by one of them."""
    one = part_of(document, "data", "object")
    if topic not in _REFUNDS and topic != "charge.refunded":
        return ()
    names = (one.get("id") if topic == "charge.refunded" else one.get("charge"),)
    return [each for each in map(id_of, (*names, one.get("payment_intent"))) if each]


def understand_stripe(message: WebhookMessage) -> Understanding:
    """What a message of Stripe comes to; InvalidInput names the field that cannot be read."""
    if message.document.get("livemode") is False and not message.source.test:
        return Understanding(reason=_LIVE)
    if message.topic in _SESSIONS:
        return _understand_session(message)
    if message.topic == "charge.refunded":
        return _understand_charge(message)
    if message.topic in _REFUNDS:
        return _understand_refund(message)
    return Understanding(reason=_UNKNOWN)


def _understand_session(message: WebhookMessage) -> Understanding:
    session = part_of(message.document, "data", "object")
    if text_of(session.get("mode")) == "setup":
        return Understanding(reason=_NOT_BOUGHT)
    if text_of(session.get("payment_status")) == "unpaid":
        return Understanding(reason=_UNPAID)
    payment = id_of(session.get("payment_intent"))
    order_id = (
        _named_order(session)
        or text_of(session.get("client_reference_id"))
        or payment
        or required_id(session, "id")
    )
    metadata, details = part_of(session, "metadata"), part_of(session, "customer_details")
    user_id = text_of(metadata.get("user_id"))
    who = {
        "user_id": user_id,
        "anonymous_id": "" if user_id else _first(metadata, DEVICE_NOTES),
        "email": text_of(details.get("email")) or text_of(session.get("customer_email")),
        "phone": text_of(details.get("phone")),
    }
    money = _money(session, "amount_total")
    order = event_of(
        ("stripe", shop_of(message.source), "order", order_id, "completed"),
        "order_completed",
        format_instant(_created(session)),
        who,
        {
            "order_id": order_id,
            **store_data(message.source),
            "revenue": money.amount,
            "currency": money.currency,
            "cart_id": _first(metadata, CART_NOTES),
        },
        **({"authenticated": True} if user_id else {}),
    )
    return Understanding((order,), links={payment: order_id} if payment else {})


def _understand_charge(message: WebhookMessage) -> Understanding:
    """A charge of which something has been refunded: how much in all.

    Its single refunds are in older forms of the payload. Where they are known, they replace that.
    """
    charge = part_of(message.document, "data", "object")
    order_id = _order_of(charge, message)
    if not order_id:
        return Understanding(reason=_UNLINKED, is_unlinked=True)
    charge_id = required_id(charge, "id")
    payment = id_of(charge.get("payment_intent"))
    links = dict.fromkeys(filter(None, (charge_id, payment)), order_id)
    single = parts_of(part_of(charge, "refunds"), "data")
    if single:
        made = [event for each in single for event in _refund(each, order_id, charge_id, message)]
        return Understanding(tuple(made), links=links)
    money = _money(charge, "amount_refunded")
    at = _created(message.document)
    data = {
        "order_id": order_id,
        **store_data(message.source),
        "refund_id": charge_id,
        "amount": money.amount,
        "currency": money.currency,
        # What comes from single refunds has a greater one.
        "revision": revision_of(at) // 1_000,
    }
    key = ("stripe", shop_of(message.source), "charge", charge_id)
    return Understanding(
        (event_of(key, "order_refunded", format_instant(at), {}, data),), links=links
    )


def _understand_refund(message: WebhookMessage) -> Understanding:
    refund = part_of(message.document, "data", "object")
    order_id = _order_of(refund, message)
    if not order_id:
        return Understanding(reason=_UNLINKED, is_unlinked=True)
    events = tuple(_refund(refund, order_id, id_of(refund.get("charge")), message))
    return Understanding(events, "" if events else _NOT_GIVEN)


def _refund(
    refund: Document, order_id: str, charge_id: str, message: WebhookMessage
) -> Iterator[WebhookEvent]:
    """A refund by its own number, in place of what its charge says in all."""
    refund_id = required_id(refund, "id")
    money = _money(refund, "amount")
    has_failed = text_of(refund.get("status")) not in _GIVEN_BACK
    at = _created(refund)
    data = {
        "order_id": order_id,
        **store_data(message.source),
        "refund_id": refund_id,
        "amount": 0 if has_failed else money.amount,
        "currency": money.currency,
        "revision": 1 if has_failed else None,  # it has been given back before, perhaps
    }
    shop = shop_of(message.source)
    yield event_of(
        ("stripe", shop, "refund", refund_id), "order_refunded", format_instant(at), {}, data
    )
    if charge_id:
        data = {**data, "refund_id": charge_id, "amount": 0, "revision": _SINGLE}
        key = ("stripe", shop, "charge", charge_id, "single")
        yield event_of(key, "order_refunded", format_instant(at), {}, data)


_SINGLE = 2**40  # greater than any second


def _order_of(document: Document, message: WebhookMessage) -> str:
    named = _named_order(document)
    if named:
        return named
    references = references_of(message.topic, message.document)
    return next(filter(None, (message.orders.get(each, "") for each in references)), "")


def _named_order(document: Document) -> str:
    return _first(part_of(document, "metadata"), _ORDER_NAMES)


def _first(document: Document, names: Sequence[str]) -> str:
    return next(filter(None, (text_of(document.get(name)) for name in names)), "")


def _created(document: Document) -> int:
    created = document.get("created")
    if not isinstance(created, int) or isinstance(created, bool) or created <= 0:
        raise InvalidInput("created", "is missing")
    return created * SECOND


def _money(document: Document, field: str) -> SumOfMoney:
    amount, currency = document.get(field), text_of(document.get("currency")).upper()
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise InvalidInput(field, "is no amount")
    if currency not in CURRENCIES:
        raise InvalidInput("currency", "is missing, or no code of ISO 4217")
    more = _DECIMALS_MORE.get(currency, 0)
    return SumOfMoney(amount // 10**more if more > 0 else amount * 10**-more, currency)
