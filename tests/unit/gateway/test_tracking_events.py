"""Facts about the events that items of the tracking API become."""

from __future__ import annotations

from typing import Any

import pytest

from services.gateway.domain.sources import EventSource
from services.gateway.domain.tracking.spec import SPEC_NAMES
from tests.support.tracked import (
    BROWSER,
    NOW_TEXT,
    SERVER,
    TIME,
    event_of,
    events_of,
    item,
    reason_of,
    track,
)

EURO_SHOP = EventSource("euro", "A shop in euro", "server", settings={"currency": "EUR"})
SHOE = {"product_id": "p1", "sku": "s1", "name": "Shoe", "price": 19.99, "quantity": 2}
SHOE_READ = {"product_id": "p1", "sku": "s1", "name": "Shoe", "price": 1999, "quantity": 2}

# An event as a shop sends it, the type that we record, and its data; None: as it was sent.
SPEC: list[tuple[str, dict[str, Any], str, dict[str, Any] | None]] = [
    (
        "Order Completed",
        {"order_id": "1", "revenue": 25.0, "currency": "USD", "products": [SHOE], "coupon": "MAY"},
        "order_completed",
        {
            "order_id": "1",
            "revenue": 2500,
            "currency": "USD",
            "products": [SHOE_READ],
            "coupon": "MAY",
        },
    ),
    (
        "Order Completed",
        {"orderId": 17, "total": "27.50", "shipping": 3, "tax": 2.0, "currency": "usd"},
        "order_completed",
        {
            "order_id": 17,
            "revenue": 2250,
            "total": 2750,
            "shipping": 300,
            "tax": 200,
            "currency": "USD",
        },
    ),
    (
        "Order Completed",
        {"order_id": "1", "subtotal": 22.5, "total": 27.5, "currency": "USD"},
        "order_completed",
        {"order_id": "1", "revenue": 2250, "subtotal": 2250, "total": 2750, "currency": "USD"},
    ),
    (
        "Order Completed",
        {"order_id": "1", "currency": "USD", "discount": 9.98, "products": [SHOE]},
        "order_completed",
        {
            "order_id": "1",
            "revenue": 3000,
            "currency": "USD",
            "discount": 998,
            "products": [SHOE_READ],
        },
    ),
    (
        "Order Completed",
        {"order_id": "1", "revenue": 5000, "currency": "JPY"},
        "order_completed",
        {"order_id": "1", "revenue": 5000, "currency": "JPY"},
    ),
    (
        "Completed Order",
        {
            "orderId": "1",
            "revenue": 1.25,
            "currency": "KWD",
            "products": [{"id": "p1", "price": 1.25}],
        },
        "order_completed",
        {
            "order_id": "1",
            "revenue": 1250,
            "currency": "KWD",
            "products": [{"id": "p1", "product_id": "p1", "price": 1250}],
        },
    ),
    (
        "Order Completed",
        {
            "order_id": "1",
            "revenue": 10,
            "products": {"0": {"sku": "a", "price": 1}, "1": {"sku": "b"}},
        },
        "order_completed",
        {
            "order_id": "1",
            "revenue": 1000,
            "currency": "EUR",
            "products": [{"sku": "a", "price": 100}, {"sku": "b"}],
        },
    ),
    (
        "Order Completed",
        {
            "order_id": "1",
            "revenue": 10,
            "products": [{"sku": "a", "price": 1, "currency": "JPY"}],
        },
        "order_completed",
        {
            "order_id": "1",
            "revenue": 10,
            "currency": "JPY",
            "products": [{"sku": "a", "price": 1}],
        },
    ),
    (
        "Order Updated",
        {"order_id": "1", "revenue": 12, "currency": "USD"},
        "order_updated",
        {"order_id": "1", "revenue": 1200, "currency": "USD"},
    ),
    ("Order Updated", {"order_id": "1", "note": "x"}, "order_updated", None),
    (
        "Order Refunded",
        {"order_id": "1", "total": 30, "currency": "USD", "refund_id": "r1"},
        "order_refunded",
        {"order_id": "1", "total": 3000, "currency": "USD", "refund_id": "r1"},
    ),
    ("Order Refunded", {"order_id": "1"}, "order_refunded", {"order_id": "1"}),
    (
        "Order Refunded",
        {"order_id": "1", "revenue": "5.00", "currency": "USD"},
        "order_refunded",
        {"order_id": "1", "amount": 500, "currency": "USD"},
    ),
    (
        "Order Refunded",
        {"order_id": "1", "currency": "USD", "products": [SHOE]},
        "order_refunded",
        {"order_id": "1", "currency": "USD", "products": [SHOE_READ]},
    ),
    ("Order Cancelled", {"order_id": "1"}, "order_cancelled", {"order_id": "1"}),
    ("Order Canceled", {"order_id": "1"}, "order_cancelled", {"order_id": "1"}),
    ("Order Shipped", {"order_id": "1"}, "order_fulfilled", {"order_id": "1"}),
    (
        "Checkout Started",
        {"order_id": "1", "value": 39.98, "currency": "USD", "products": [SHOE]},
        "checkout_started",
        {"order_id": "1", "value": 3998, "currency": "USD", "products": [SHOE_READ]},
    ),
    (
        "Cart Viewed",
        {"cart_id": "c1", "currency": "USD", "products": [SHOE]},
        "cart_updated",
        {"cart_id": "c1", "value": 3998, "currency": "USD", "products": [SHOE_READ]},
    ),
    ("Cart Viewed", {"products": []}, "cart_updated", {"products": []}),
    ("Cart Viewed", {"cart_id": "c1"}, "cart_viewed", {"cart_id": "c1"}),
    (
        "Product Viewed",
        {**SHOE, "currency": "USD", "brand": "Acme"},
        "product_viewed",
        {**SHOE_READ, "currency": "USD", "brand": "Acme"},
    ),
    (
        "Viewed Product",
        {"id": "p1", "price": "1,234.50", "currency": "USD"},
        "product_viewed",
        {"id": "p1", "product_id": "p1", "price": 123450, "currency": "USD"},
    ),
    (
        "Product Viewed",
        {"product_id": "p1", "price": "1,234", "currency": "USD"},
        "product_viewed",
        {"product_id": "p1", "currency": "USD"},
    ),
    (
        "Product Added",
        {"cart_id": "c1", **SHOE},
        "product_added",
        {"cart_id": "c1", **SHOE_READ, "currency": "EUR"},
    ),
    ("Product Removed", {"product_id": "p1"}, "product_removed", {"product_id": "p1"}),
    ("Products Searched", {"query": "shoe"}, "products_searched", {"query": "shoe"}),
    (
        "Product List Viewed",
        {"list_id": "l", "category": "shoes", "currency": "USD", "products": [SHOE]},
        "product_list_viewed",
        {"list_id": "l", "category": "shoes", "currency": "USD", "products": [SHOE_READ]},
    ),
    (
        "Coupon Applied",
        {"coupon_id": "MAY", "discount": 5, "currency": "USD"},
        "coupon_applied",
        {"coupon_id": "MAY", "discount": 500, "currency": "USD"},
    ),
    (
        "Coupon Entered",
        {"coupon_id": "MAY", "discount": "10%"},
        "coupon_entered",
        {"coupon_id": "MAY", "discount": "10%"},
    ),
    ("Coupon Removed", {"coupon_id": "MAY"}, "coupon_removed", {"coupon_id": "MAY"}),
    (
        "Product Added to Wishlist",
        {"wishlist_id": "w", "product_id": "p1", "price": 2, "currency": "USD"},
        "product_added_to_wishlist",
        {"wishlist_id": "w", "product_id": "p1", "price": 200, "currency": "USD"},
    ),
    (
        "Wishlist Product Added to Cart",
        {"wishlist_id": "w", "product_id": "p1"},
        "wishlist_product_added_to_cart",
        {"wishlist_id": "w", "product_id": "p1"},
    ),
    (
        "Checkout Step Viewed",
        {"checkout_id": "c", "step": 2},
        "checkout_step_viewed",
        {"checkout_id": "c", "step": 2},
    ),
    (
        "Payment Info Entered",
        {"checkout_id": "c", "payment_method": "Visa"},
        "payment_info_entered",
        {"checkout_id": "c", "payment_method": "Visa"},
    ),
    (
        "Order Completed",
        {"transaction_id": "t1", "revenue": 1, "currency": "USD"},
        "order_completed",
        {"transaction_id": "t1", "order_id": "t1", "revenue": 100, "currency": "USD"},
    ),
    (
        "Checkout Started",
        {
            "currency": "USD",
            "products": [{"sku": "a", "price": 1, "quantity": "2"}, {"sku": "b", "price": 3}],
        },
        "checkout_started",
        {
            "currency": "USD",
            "value": 500,
            "products": [{"sku": "a", "price": 100, "quantity": "2"}, {"sku": "b", "price": 300}],
        },
    ),
    (
        "Checkout Started",
        {"currency": "USD", "products": [{"sku": "a", "price": 1, "currency": "EUR"}]},
        "checkout_started",
        {"currency": "USD", "products": [{"sku": "a", "price": 100, "currency": "EUR"}]},
    ),
    (
        "Checkout Started",
        {"currency": "USD", "products": [{"sku": "a", "price": 1, "quantity": 0.5}]},
        "checkout_started",
        {
            "currency": "USD",
            "value": 50,
            "products": [{"sku": "a", "price": 100, "quantity": 0.5}],
        },
    ),
    (
        "Checkout Started",
        {"currency": "USD", "products": [{"sku": "a", "price": 1, "quantity": "many"}]},
        "checkout_started",
        {"currency": "USD", "products": [{"sku": "a", "price": 100, "quantity": "many"}]},
    ),
    ("Checkout Started", {"products": "a,b"}, "checkout_started", {}),
    ("Signed Out", {}, "signed_out", {}),
    ("Gift Wrapped", {"currency": "USD", "products": 2}, "gift_wrapped", None),
    (
        "Gift Wrapped",
        {"currency": "USD", "products": [{"name": "bow"}]},
        "gift_wrapped",
        {"currency": "USD", "products": [{"name": "bow"}]},
    ),
    ("Account Created", {"plan": "free"}, "account_created", {"plan": "free"}),
    ("Loyalty Points Changed", {"points": 5}, "loyalty_points_changed", {"points": 5}),
    # A shop's own events stay what they are; money that says its currency is in minor units.
    ("Song Played", {"title": "X", "value": 1.5}, "song_played", {"title": "X", "value": 1.5}),
    ("songPlayed", {}, "song_played", {}),
    (
        "Gift Wrapped",
        {"value": 1.5, "currency": "USD", "products": [SHOE]},
        "gift_wrapped",
        {"value": 150, "currency": "USD", "products": [SHOE_READ]},
    ),
    ("Größe gewählt", {"size": 4}, "grosse_gewahlt", {"size": 4}),
    ("Заказ оформлен", {}, "custom_event", {"event_name": "Заказ оформлен"}),
    ("123", {}, "event_123", {}),
    ("Segment Entered", {}, "event_segment_entered", {}),
    ("identity_changed", {}, "event_identity_changed", {}),
]


@pytest.mark.parametrize(("name", "properties", "kind", "data"), SPEC)
def test_an_event_of_the_specs_becomes_one_of_ours(
    name: str, properties: dict[str, Any], kind: str, data: dict[str, Any] | None
) -> None:
    event = event_of(track(name, properties, userId="lea"), EURO_SHOP)

    assert event["type"] == kind
    assert event["data"] == (properties if data is None else data)


@pytest.mark.parametrize("name", sorted(SPEC_NAMES))
def test_every_name_of_the_specs_is_known_however_it_is_written(name: str) -> None:
    data = {"order_id": "1", "revenue": 1, "currency": "USD", "product_id": "p", "products": []}
    consent = {"consent": {"categoryPreferences": {"analytics": True}}}
    titled = name.replace("_", " ").title()
    kinds = {
        event_of(track(spelling, data, userId="lea", context=consent))["type"]
        for spelling in (name, titled, titled.replace(" ", ""), titled.upper().replace(" ", "-"))
    }
    assert len(kinds) == 1


@pytest.mark.parametrize(
    ("name", "properties", "path", "words"),
    [
        ("Order Completed", {"order_id": "1", "revenue": 25}, "currency", "name the currency"),
        (
            "Order Completed",
            {"order_id": "1", "revenue": 25, "currency": "XX"},
            "currency",
            "ISO 4217",
        ),
        (
            "Order Completed",
            {"order_id": "1", "revenue": "1,234", "currency": "USD"},
            "revenue",
            "such as 49.99",
        ),
        (
            "Order Completed",
            {"order_id": "1", "total": 9, "tax": "some", "currency": "USD"},
            "tax",
            "such as 49.99",
        ),
        ("Order Completed", {"order_id": "1", "currency": "USD"}, "revenue", "is missing"),
        (
            "Order Refunded",
            {"order_id": "1", "total": "all", "currency": "USD"},
            "total",
            "such as 49.99",
        ),
        ("Order Refunded", {"order_id": "1", "total": 5}, "currency", "name the currency"),
        (
            "Order Refunded",
            {"order_id": "1", "currency": "EUR", "products": [{"sku": "a", "quantity": 1}]},
            "products",
            "give the total of the refund",
        ),
        (
            "Order Refunded",
            {"order_id": "1", "currency": "USD", "products": [SHOE, {"sku": "b", "price": "x"}]},
            "products",
            "must each have a price",
        ),
        (
            "Order Completed",
            {"order_id": "1", "currency": "CLP", "revenue": "12.990"},
            "revenue",
            "best as a number: a text such as 12.990",
        ),
    ],
)
def test_money_of_orders_that_cannot_be_read_is_rejected_with_what_to_send(
    name: str, properties: dict[str, Any], path: str, words: str
) -> None:
    field, message = reason_of(track(name, properties, userId="lea"))

    assert field == f"properties.{path}"
    assert words in message


def test_a_page_is_viewed_without_its_query_which_may_tell_on_people() -> None:
    page = {
        "url": "https://lea:pw@shop.example:8443/mail/lea@shop.example?token=1#x",
        "path": "/mail/lea%40shop.example",
        "search": "?token=1",
        "referrer": "https://www.search.example/?q=lea",
        "title": "Mail",
        "theme": "dark",
    }
    event = event_of(item("page", name="Mail", category="Account", properties=page))

    assert event["type"] == "page_viewed"
    assert event["data"] == {
        "name": "Mail",
        "category": "Account",
        "url": "https://shop.example:8443/mail/…",
        "path": "/mail/…",
        "referrer": "search.example",
        "title": "Mail",
        "theme": "dark",
    }


def test_a_screen_of_an_app_is_viewed() -> None:
    event = event_of(item("screen", name="Cart", properties={"depth": 2}))

    assert (event["type"], event["data"]) == ("screen_viewed", {"name": "Cart", "depth": 2})


def test_a_group_and_an_alias_are_recorded_under_their_own_names() -> None:
    group = event_of(item("group", groupId="team-1", traits={"plan": "free"}, userId="lea"))
    alias = event_of(item("alias", previousId="device-0", userId="lea"))

    assert (group["type"], group["data"]) == (
        "group",
        {"group_id": "team-1", "traits": {"plan": "free"}},
    )
    assert (alias["type"], alias["data"]) == ("alias", {"previous_id": "device-0"})
    assert alias["identifiers"] == {"user_id": "lea", "anonymous_id": "device-1"}


def test_an_alias_of_an_address_does_not_write_it_into_the_log() -> None:
    assert event_of(item("alias", previousId="lea@shop.example", userId="lea"))["data"] == {}


def test_traits_get_names_that_rules_can_ask_for() -> None:
    traits = {"firstName": "Lea", "Favourite Colour": "red", "größe": 4, "!": 1, "Straße-2": 2}
    event = event_of(item("identify", userId="lea", traits=traits))

    assert event["data"]["traits"] == {
        "firstName": "Lea",
        "favourite_colour": "red",
        "grosse": 4,
        "strasse_2": 2,
    }


def test_addresses_of_the_internet_are_never_stored_whatever_they_are_called() -> None:
    properties = {"ip": "203.0.113.9", "device": {"ipAddress": "203.0.113.9", "id": 1}, "n": 1}
    (event,) = events_of(
        track("Song Played", properties, context={"ip": "203.0.113.9"}, request_ip="203.0.113.9")
    )

    assert "203.0.113.9" not in str(event)
    assert event["data"] == {"device": {"id": 1}, "n": 1}


def test_the_store_of_a_source_is_that_of_its_orders_whatever_they_say() -> None:
    shop = EventSource("b", "B", "server", store="berlin")
    order = {"order_id": "1", "revenue": 1, "currency": "EUR", "store": "paris"}

    assert event_of(track("Order Completed", order), shop)["data"]["store"] == "berlin"
    assert event_of(track("Order Cancelled", {"order_id": "1"}), shop)["data"]["store"] == "berlin"
    assert event_of(track("Order Completed", order))["data"]["store"] == "paris"
    assert "store" not in event_of(track("Song Played"), shop)["data"]


def test_a_property_called_context_gets_another_name_as_ours_is_something_else() -> None:
    assert event_of(track("Song Played", {"context": "party"}))["data"] == {
        "property_context": "party"
    }


@pytest.mark.parametrize("source", [BROWSER, SERVER])
@pytest.mark.parametrize(
    ("sent", "path"),
    [
        (5, ""),
        (None, ""),
        ({"type": "play", "userId": "lea"}, "type"),
        ({"userId": "lea"}, "type"),
        ({"type": "track", "userId": "lea"}, "event"),
        ({"type": "track", "event": " ", "userId": "lea"}, "event"),
        ({"type": "track", "event": "Song Played"}, "userId"),
        ({"type": "page", "userId": "", "anonymousId": None}, "userId"),
    ],
)
def test_an_item_that_says_too_little_is_rejected_by_the_field(
    sent: Any, path: str, source: EventSource
) -> None:
    assert reason_of(sent, source)[0] == path


@pytest.mark.parametrize(
    ("quantity", "revenue"),
    [(2.0, 1000), ("2.0", 1000), (0.5, 250), (None, 500), ("", 500), ("1,5", 750), (0, 0)],
)
def test_an_order_is_worth_its_lines_however_their_quantities_are_written(
    quantity: Any, revenue: int
) -> None:
    lines = [{"sku": "a", "price": "5.00", "quantity": quantity}]
    data = event_of(
        track("Order Completed", {"order_id": "1", "currency": "EUR", "products": lines})
    )["data"]
    assert data["revenue"] == revenue


def test_a_known_name_that_says_nothing_hides_no_other_spelling() -> None:
    sent = {"orderId": "17", "order_id": None, "revenue": "", "Revenue": "5.00", "currency": "EUR"}
    data = event_of(track("Order Completed", sent))["data"]
    assert (data["order_id"], data["revenue"]) == ("17", 500)


@pytest.mark.parametrize("blank", ["", " ", None])
def test_a_blank_time_is_none(blank: str | None) -> None:
    sent = track("Order Cancelled", {"order_id": "17"}, timestamp=blank)
    assert event_of(sent)["time"] == NOW_TEXT
    assert event_of({**sent, "originalTimestamp": TIME})["time"] == TIME
