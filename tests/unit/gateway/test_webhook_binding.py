"""A signed body that comes under another topic, or in the name of another shop, tells nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from chassis.core.errors import InvalidInput, Refused
from services.gateway.domain.webhooks.binding import check_sending_shop
from tests.support.shop_webhooks import (
    Payload,
    shopify_checkout,
    shopify_customer,
    shopify_order,
    shopify_refund,
    source,
    understood,
    woo_customer,
    woo_order,
)

NOTES = [{"name": "cdp_id", "value": "b7c1"}]
OF_MUGS = source(settings={"shop_domain": "mugs.myshopify.com"})
OF_WOO = source(settings={"shop_domain": "shop.example"})
ORDERS = ("orders/create", "orders/paid", "orders/updated", "orders/cancelled", "orders/fulfilled")
CUSTOMERS = ("customers/create", "customers/update", "customers/enable", "customers/disable")
CONSENTS = ("customers/email_marketing_consent_update", "customers/marketing_consent_update")
CHECKOUTS, CARTS = ("checkouts/create", "checkouts/update"), ("carts/create", "carts/update")
TOPICS = (*ORDERS, "orders/delete", "refunds/create", *CUSTOMERS, *CONSENTS, *CHECKOUTS, *CARTS)
CONSENT = {"state": "subscribed", "opt_in_level": "confirmed_opt_in"}
SOON = "2026-11-22T12:39:00"


def named(kind: str, document: Payload) -> Payload:
    return {**document, "admin_graphql_api_id": f"gid://shopify/{kind}/{document['id']}"}


SHOPIFY: Mapping[str, tuple[Payload, tuple[str, ...]]] = {
    "order": (shopify_order(), ORDERS),
    "order without its global id": (shopify_order(admin_graphql_api_id=None), ORDERS),
    "draft order": (named("DraftOrder", shopify_order()), ()),
    "deleted order": ({"id": 5_001}, ("orders/delete",)),
    "refund": (named("Refund", shopify_refund()), ("refunds/create",)),
    "fulfillment": (named("Fulfillment", {**shopify_refund(), "status": "success"}), ()),
    "customer": (named("Customer", shopify_customer()), CUSTOMERS),
    "customer of last year": (
        shopify_customer(email_marketing_consent={**CONSENT, "consent_updated_at": None}),
        (*CUSTOMERS, *CONSENTS),
    ),
    "consent": (
        {"customer_id": 77, "email_address": "lea@shop.example", "email_marketing_consent": CONSENT}
        | {"updated_at": "2026-11-20T10:00:00+01:00"},
        CONSENTS,
    ),
    "checkout": (shopify_checkout(), CHECKOUTS),
    "checkout of last year": (shopify_checkout(id=901, abandoned_checkout_url="x"), CHECKOUTS),
    "cart": (
        {
            "id": "c1-token",
            "token": "c1-token",
            "note": "",
            "line_items": [],
            "note_attributes": NOTES,
            "created_at": "2026-11-20T09:40:00Z",
            "updated_at": "2026-11-20T09:50:00Z",
        },
        CARTS,
    ),
}
WOO: Mapping[str, tuple[Payload, tuple[str, ...]]] = {
    "order": (
        woo_order(date_modified_gmt=SOON),
        ("order.created", "order.updated", "order.restored"),
    ),
    "order with links": (
        {
            **woo_order(),
            "_links": {"self": [{"href": "https://a.example/wp-json/wc/v3/orders/17"}]},
        },
        ("order.created", "order.updated", "order.restored"),
    ),
    "subscription": (
        {**woo_order(), "_links": {"self": [{"href": "https://a.example/wc/v3/subscriptions/17"}]}},
        (),
    ),
    "subscription without links": (woo_order(status="active", billing_period="month"), ()),
    "deleted": ({"id": 17}, ("order.deleted",)),
    "customer": (woo_customer(), ("customer.created", "customer.updated")),
    "product": ({"id": 17, "status": "publish", "sku": "CUP", "date_created_gmt": SOON}, ()),
    "coupon": ({"id": 17, "code": "ADVENT", "date_created_gmt": SOON}, ()),
}
WOO_TOPICS = sorted({topic for _, topics in WOO.values() for topic in topics})


def tells(sender: str, topic: str, document: Payload, **more: Any) -> bool:
    """Whether a body makes an event under a topic."""
    try:
        return bool(understood(sender, topic, document, **more).events)
    except InvalidInput:
        return False


@pytest.mark.parametrize("name", SHOPIFY)
def test_a_body_of_shopify_makes_events_under_its_own_topics_alone(name: str) -> None:
    document, own = SHOPIFY[name]
    assert {topic for topic in TOPICS if tells("shopify", topic, document)} == set(own)


@pytest.mark.parametrize("name", WOO)
def test_a_body_of_woocommerce_makes_events_under_its_own_topics_alone(name: str) -> None:
    document, own = WOO[name]
    assert {topic for topic in WOO_TOPICS if tells("woocommerce", topic, document)} == set(own)


def test_a_deleted_customer_of_woocommerce_is_due_with_a_warning_if_it_is_another_body() -> None:
    assert "was deleted" in understood("woocommerce", "customer.deleted", {"id": 9}).reason
    doubtful = understood("woocommerce", "customer.deleted", woo_customer())
    assert doubtful.is_due
    assert "another one" in doubtful.reason


@pytest.mark.parametrize(
    ("url", "is_told"),
    [
        ("https://mugs.myshopify.com/1/orders/a/authenticate?key=b", True),
        ("https://lamps.myshopify.com/1/orders/a/authenticate?key=b", False),
        ("https://mugs.example/1/orders/a/authenticate?key=b", True),
        ("http://[::", True),
        (None, True),
    ],
)
def test_an_order_of_another_shop_of_shopify_is_none_of_ours(url: Any, is_told: bool) -> None:
    order = shopify_order(order_status_url=url)
    assert tells("shopify", "orders/create", order, source=OF_MUGS) is is_told
    assert tells("shopify", "orders/create", order)


@pytest.mark.parametrize(("host", "is_told"), [("shop.example", True), ("b.example", False)])
def test_an_order_of_another_shop_of_woocommerce_is_none_of_ours(host: str, is_told: bool) -> None:
    links = {"self": [{"href": f"https://{host}/wp-json/wc/v3/orders/17"}]}
    order = woo_order(_links=links)
    assert tells("woocommerce", "order.updated", order, source=OF_WOO) is is_told


def test_what_another_shop_asks_for_is_due_with_a_warning() -> None:
    for domain, warns in (("mugs.myshopify.com", False), ("lamps.myshopify.com", True)):
        document = {"shop_id": 1, "shop_domain": domain}
        found = understood("shopify", "shop/redact", document, source=OF_MUGS)
        assert found.is_due
        assert ("another one" in found.reason) is warns


@pytest.mark.parametrize(
    ("header", "is_ours"),
    [
        ("mugs.myshopify.com", True),
        ("Mugs.myshopify.com", True),
        ("https://mugs.myshopify.com/", True),
        ("lamps.myshopify.com", False),
        ("mugs.myshopify.com.evil.example", False),
        ("http://[::", False),
    ],
)
def test_who_names_another_shop_is_refused_if_the_source_has_one(
    header: str | None, is_ours: bool
) -> None:
    check_sending_shop(source(), header)
    if is_ours:
        check_sending_shop(OF_MUGS, header)
        return
    with pytest.raises(Refused, match="another shop"):
        check_sending_shop(OF_MUGS, header)


@pytest.mark.parametrize("header", ["", None])
def test_who_names_no_shop_is_told_where_to_name_it(header: str | None) -> None:
    check_sending_shop(source(), header)
    with pytest.raises(Refused, match="names no shop; send it in X-Shopify-Shop-Domain"):
        check_sending_shop(OF_MUGS, header)


def test_links_that_are_none_name_no_shop() -> None:
    own = {"href": "https://shop.example/wp-json/wc/v3/orders/17"}
    order = woo_order(_links={"self": [{"href": None}, {}, {"href": "https://["}, own]})
    assert tells("woocommerce", "order.updated", order, source=OF_WOO)
    elsewhere = source(settings={"shop_domain": "other.example"})
    assert not tells("woocommerce", "order.updated", order, source=elsewhere)
