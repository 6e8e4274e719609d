"""What binds a message to its topic and its shop.

Shopify and WooCommerce sign the body alone: whoever has a signed body can send it again under
another topic, or in the name of another shop. So the body has to be of what the topic is about, and
of the shop that the source is for, as far as it says so. Those are signed; headers are checked
beside them, since a mistake shows there first.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from chassis.core.addresses import split_address
from chassis.core.errors import InvalidInput, Refused
from services.gateway.domain.sources import EventSource
from services.gateway.domain.webhooks.reading import Document, parts_of, text_of

SHOP_DOMAIN = "shop_domain"
"""The setting of a source that has the host of its shop."""

DOUBTFUL = (
    "its body is not what this topic brings: it may have come under another one. Make sure that the"
    " shop has asked for it before anything is done"
)
_MISMATCH = "is not what this body is of: it was sent under another topic"
_OTHER_SHOP = f"is of another shop than the source's setting `{SHOP_DOMAIN}`"
_NO_SHOP = (
    f"cannot be compared with the source's setting `{SHOP_DOMAIN}`: the request names no shop; send"
    " it in X-Shopify-Shop-Domain, or X-WC-Webhook-Source"
)
_OF_SHOPIFY = ".myshopify.com"
_GLOBAL_ID = re.compile(r"gid://shopify/(\w+)/")


@dataclass(frozen=True, slots=True)
class BodyShape:
    """What a topic's body must be like: of a `kind`, where it names one.

    It has one of the members `has`, if there are any, and none of those it `lacks`. With `only` it
    has no others.
    """

    kind: str = ""
    has: Collection[str] = ()
    lacks: Collection[str] = ()
    only: Collection[str] = ()

    def fits(self, document: Document, kind: str) -> bool:
        """Whether a body has it, which names a `kind` or is silent."""
        if kind and kind != self.kind:
            return False
        if self.only and not document.keys() <= set(self.only):
            return False
        if self.has and not any(name in document for name in self.has):
            return False
        return not any(name in document for name in self.lacks)


_ORDERS_OWN = ("financial_status", "order_number")
_CUSTOMER = BodyShape("Customer", has=("state", "verified_email"))
_CONSENT = BodyShape("Customer", lacks=_ORDERS_OWN)
_CART = BodyShape(lacks=(*_ORDERS_OWN, "abandoned_checkout_url", "completed_at"))
_CHECKOUT = BodyShape(
    has=("completed_at", "abandoned_checkout_url", "total_price"), lacks=_ORDERS_OWN
)
_SHOPIFY: Mapping[str, BodyShape] = {
    "orders/delete": BodyShape("Order", only=("id", "admin_graphql_api_id")),
    "refunds/create": BodyShape("Refund", has=("refund_line_items", "transactions")),
    "carts/create": _CART,
    "carts/update": _CART,
    "checkouts/create": _CHECKOUT,
    "checkouts/update": _CHECKOUT,
    "customers/create": _CUSTOMER,
    "customers/update": _CUSTOMER,
    "customers/enable": _CUSTOMER,
    "customers/disable": _CUSTOMER,
    "customers/marketing_consent_update": _CONSENT,
    "customers/email_marketing_consent_update": _CONSENT,
    "customers/delete": BodyShape("Customer", has=("id",), lacks=_ORDERS_OWN),
    "customers/data_request": BodyShape(has=("customer",), lacks=("orders_to_redact",)),
    "customers/redact": BodyShape(has=("customer",), lacks=("orders_requested", "data_request")),
    "shop/redact": BodyShape(has=("shop_id", "shop_domain"), lacks=("customer",)),
}
_SHOPIFY_ORDER = BodyShape("Order", has=("financial_status",))

_WOO_ORDER = BodyShape("orders", has=("line_items",), lacks=("billing_period",))
_WOO_CUSTOMER = BodyShape("customers", has=("username", "role"))
_DELETED = BodyShape(only=("id",))
_WOOCOMMERCE: Mapping[str, BodyShape] = {
    "order.created": _WOO_ORDER,
    "order.updated": _WOO_ORDER,
    "order.restored": _WOO_ORDER,
    "order.deleted": _DELETED,
    "customer.created": _WOO_CUSTOMER,
    "customer.updated": _WOO_CUSTOMER,
    "customer.deleted": _DELETED,
}


def is_of_topic(topic: str, document: Document) -> bool:
    """Whether a body of Shopify is what its topic brings."""
    found = _GLOBAL_ID.match(text_of(document.get("admin_graphql_api_id")))
    shape = _SHOPIFY.get(topic, _SHOPIFY_ORDER if topic.startswith("orders/") else None)
    return shape is None or shape.fits(document, found[1] if found else "")


def is_of_woo_topic(topic: str, document: Document) -> bool:
    """Whether a body of WooCommerce is what its topic brings."""
    paths = (split_address(link).path.rstrip("/").split("/") for link in _own_links(document))
    kind = next((parts[-2] for parts in paths if len(parts) > 1), "")
    shape = _WOOCOMMERCE.get(topic)
    return shape is None or shape.fits(document, kind)


def check_topic(is_one: bool) -> None:
    """InvalidInput for a body that is not what its topic brings."""
    if not is_one:
        raise InvalidInput("topic", _MISMATCH)


def check_sending_shop(source: EventSource, header: str | None) -> None:
    """Refused if a request names another shop than that of its source, which may have none."""
    registered = shop_domain(source)
    if registered and not header:
        raise Refused(SHOP_DOMAIN, _NO_SHOP)
    if registered and _host(header or "") != registered:
        raise Refused(SHOP_DOMAIN, _OTHER_SHOP)


def is_of_shop(source: EventSource, document: Document) -> bool:
    """Whether a body names no other shop than that of its source."""
    registered = shop_domain(source)
    return not registered or all(host == registered for host in _hosts_in(document))


def check_shop(source: EventSource, document: Document) -> None:
    """InvalidInput for a body of another shop."""
    if not is_of_shop(source, document):
        raise InvalidInput(SHOP_DOMAIN, _OTHER_SHOP)


def shop_domain(source: EventSource) -> str:
    """The host of the shop of a source; empty if it has none."""
    domain = source.settings.get(SHOP_DOMAIN)
    return domain.lower() if isinstance(domain, str) else ""


def _hosts_in(document: Document) -> Iterator[str]:
    """The hosts of shops that a body names.

    Shopify's pages may be at a domain of the shop's own, which says nothing of the other one.
    """
    if domain := text_of(document.get("shop_domain")):
        yield _host(domain)
    for name in ("order_status_url", "abandoned_checkout_url"):
        host = _host(document.get(name))
        if host.endswith(_OF_SHOPIFY):
            yield host
    for link in _own_links(document):
        if host := _host(link):
            yield host


def _own_links(document: Document) -> Iterator[str]:
    for link in parts_of(document.get("_links"), "self"):
        if isinstance(href := link.get("href"), str):
            yield href


def _host(address: Any) -> str:
    """The host of an address, or of a name without more; empty if it is none."""
    text = address.strip() if isinstance(address, str) else ""
    try:
        return (urlsplit(text if "//" in text else f"//{text}").hostname or "").lower()
    except ValueError:
        return ""
