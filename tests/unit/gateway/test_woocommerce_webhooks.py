"""WooCommerce's topics, one by one: what each comes to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cdp.loading.mapping import read_mapping
from chassis import InvalidInput
from contracts.ingest import read_events
from services.gateway.domain.webhooks.understanding import Understanding
from tests.support.shop_webhooks import (
    RECEIVED_AT,
    source,
    understood,
    woo_customer,
    woo_order,
)

MAPPING = Path(__file__).parents[3] / "examples" / "mappings" / "woocommerce-orders.yaml"
Event = dict[str, Any]


def woo(topic: str, document: dict[str, Any], **more: Any) -> Understanding:
    """What a message comes to; all its events are right, and none has a warning."""
    found = understood("woocommerce", topic, document, **more)
    checked = read_events([dict(event) for event in found.events], RECEIVED_AT)
    assert not checked.errors
    assert not [each.warnings for each in checked.valid.values() if each.warnings]
    return found


def events(topic: str, document: dict[str, Any], **more: Any) -> list[Event]:
    return [dict(event) for event in woo(topic, document, **more).events]


def kinds(found: list[Event]) -> list[str]:
    return [event["type"] for event in found]


def test_a_guests_order_is_known_by_what_was_typed_and_where() -> None:
    (event,) = events("order.created", woo_order())
    assert event["type"] == "order_completed"
    assert event["authenticated"] is False
    assert event["time"] == "2026-11-20T09:00:00.000000Z"
    assert event["identifiers"] == {"anonymous_id": "b7c1", "email": "lea@shop.example"}
    assert event["data"] == {
        "order_id": "17",
        "store": "mugs",
        "revision": 1_795_165_210_000,
        "revenue": 2_990,
        "currency": "EUR",
        "order_number": "17",
        "products": [
            {"product_id": "CUP", "sku": "CUP", "name": "Mug", "quantity": 2, "price": 1_000},
            {"product_id": "301", "name": "Mug", "quantity": 1, "price": 500},
        ],
    }


def test_an_order_of_a_customer_is_the_accounts_and_no_sign_in_on_a_device() -> None:
    (event,) = events("order.created", woo_order(customer_id=9))
    assert event["authenticated"] is True
    assert event["identifiers"] == {"user_id": "9", "email": "lea@shop.example"}
    assert "proven" not in event


def test_topics_that_tell_the_same_tell_the_same_event() -> None:
    order = woo_order()
    assert events("order.created", order) == events("order.updated", order)
    assert events("order.updated", order, received_at=RECEIVED_AT + 1) == events(
        "order.updated", order
    )


def test_an_order_is_told_as_cdp_load_tells_it_of_the_export() -> None:
    row = {
        "cdp_row": "x", "order_id": "17", "date": "2026-11-20 09:00:00", "status": "processing",
        "customer_id": "9", "billing_email": "lea@shop.example", "order_total": "29.90",
        "order_currency": "EUR",
        "line_items": "name:Mug|product_id:301|sku:CUP|quantity:2|total:20.00;"
        "name:Mug|product_id:301|sku:|quantity:1|total:5.00",
    }  # fmt: skip
    (of_file,) = read_mapping(MAPPING).make([row])
    (of_webhook,) = events("order.updated", woo_order(customer_id=9), source=source(store=None))
    for name in ("type", "authenticated", "identifiers"):
        assert of_file[name] == of_webhook[name], name
    assert of_file["time"].replace("Z", "") in of_webhook["time"]
    for name, value in of_file["data"].items():
        made = of_webhook["data"][name]
        if name == "products":
            made = [{key: line[key] for key in value[0]} for line in made]
        assert made == value, name


@pytest.mark.parametrize("status", ["pending", "checkout-draft", "auto-draft"])
def test_an_order_that_is_not_paid_yet_is_none(status: str) -> None:
    found = woo("order.created", woo_order(status=status))
    assert (found.events, found.reason) == ((), "is not paid yet")


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("on-hold", ["order_completed"]),
        ("processing", ["order_completed"]),
        ("completed", ["order_completed"]),
        ("packed-by-a-plugin", ["order_completed"]),
        ("cancelled", ["order_cancelled", "order_completed"]),
        ("failed", ["order_cancelled"]),
        ("trash", ["order_cancelled"]),
        ("refunded", ["order_completed", "order_refunded"]),
    ],
)
def test_a_status_says_whether_an_order_counts(status: str, expected: list[str]) -> None:
    found = events("order.updated", woo_order(status=status))
    assert kinds(found) == expected
    if "order_cancelled" in expected:
        cancelled, *completed = found
        assert all(cancelled["time"] > each["time"] for each in completed)


def test_each_refund_counts_once_whenever_the_order_changes() -> None:
    refunds = [{"id": 31, "reason": "", "total": "-10.00"}, {"id": 32, "total": "-2.50"}]
    one = woo_order(refunds=refunds[:1], date_modified_gmt="2026-11-21T09:00:00")
    other = woo_order(refunds=refunds, date_modified_gmt="2026-11-22T09:00:00")
    first, later = events("order.updated", one), events("order.updated", other)
    refunded = {
        event["id"]: event["data"]
        for event in (*first, *later)
        if event["type"] == "order_refunded"
    }
    assert sorted((each["refund_id"], each["amount"]) for each in refunded.values()) == [
        ("31", 1_000),
        ("32", 250),
        ("woocommerce-17-refunded-in-part", 0),  # the sum that an export has
    ]
    assert all(each["identifiers"] == {} for each in first if each["type"] == "order_refunded")


def test_an_order_that_is_refunded_by_its_status_is_refunded_whole() -> None:
    *_, rest = events("order.updated", woo_order(status="refunded"))
    assert rest["data"] == {
        "order_id": "17", "store": "mugs", "refund_id": "woocommerce-17-refunded",
    }  # fmt: skip
    whole = woo_order(status="refunded", refunds=[{"id": 31, "total": "-29.90"}])
    amounts = [e["data"].get("amount") for e in events("order.updated", whole)]
    assert amounts == [None, 2_990, 0]  # the order itself, its refund, and none beside it


def test_an_order_in_the_bin_is_cancelled_and_one_that_is_taken_out_counts_again() -> None:
    (deleted,) = events("order.deleted", {"id": 17})
    assert deleted["type"] == "order_cancelled"
    assert deleted["data"] == {"order_id": "17", "store": "mugs"}
    later = RECEIVED_AT + 1_000_000
    order = woo_order(date_modified_gmt="2026-11-22T12:39:00")
    completed, restored = events("order.restored", order, received_at=later)
    assert kinds([completed, restored]) == ["order_completed"] * 2
    assert restored["time"] > deleted["time"] > completed["time"]
    assert restored["data"]["placed_at"] == completed["time"]
    assert "revision" not in restored["data"]


def test_an_old_body_brings_back_no_order_that_was_deleted_since_and_the_same_one_does_once() -> (
    None
):
    assert kinds(events("order.restored", woo_order())) == ["order_completed"]
    order = woo_order(date_modified_gmt="2026-11-22T12:39:00")
    first = events("order.restored", order, received_at=RECEIVED_AT)
    again = events("order.restored", order, received_at=RECEIVED_AT + 60_000_000)
    assert [each["id"] for each in first] == [each["id"] for each in again]


@pytest.mark.parametrize(("verified", "proven"), [(False, []), (True, ["email"])])
def test_a_customers_address_is_proven_if_the_shop_sees_to_that(
    verified: bool, proven: list[str]
) -> None:
    by = source(emails_verified=verified)
    for topic in ("customer.created", "customer.updated"):
        (event,) = events(topic, woo_customer(), source=by)
        assert event["authenticated"] is True
        assert event["proven"] == proven
        assert event["identifiers"] == {
            "user_id": "9", "email": "lea@shop.example", "phone": "+4915112345678",
        }  # fmt: skip
        assert event["data"]["traits"]["country"] == "DE"


def test_a_customer_who_is_deleted_is_due() -> None:
    assert woo("customer.deleted", {"id": 9}).is_due


@pytest.mark.parametrize("topic", ["product.updated", "coupon.created", "action.x", ""])
def test_of_other_topics_nothing_is_made(topic: str) -> None:
    found = woo(topic, {"id": 1})
    assert (found.events, found.reason) == ((), "is a topic of which nothing is made")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"date_created_gmt": None, "date_paid_gmt": None}, "date_created_gmt"),
        ({"date_created_gmt": "1 November"}, "date_created_gmt"),
        ({"currency": ""}, "currency"),
        ({"total": None}, "total"),
        ({"refunds": [{"id": 1}]}, "refunds.total"),
    ],
)
def test_what_cannot_be_read_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        understood("woocommerce", "order.updated", woo_order(**changes))
    assert error.value.subject == field


def test_a_paid_order_of_which_nobody_is_known_is_told_with_a_reason() -> None:
    found = woo("order.created", woo_order(billing={}, meta_data=[]))
    assert not found.events
    assert "names no shopper" in found.reason


@pytest.mark.parametrize("total", ["", None, "free"])
def test_a_line_whose_total_cannot_be_read_costs_nobody_the_order(total: str | None) -> None:
    order = woo_order()
    order["line_items"][0]["total"] = total
    (completed, *_) = understood("woocommerce", "order.updated", order).events
    assert completed["data"]["revenue"] == 2_990
    assert [line.get("price") for line in completed["data"]["products"]] == [None, 500]
