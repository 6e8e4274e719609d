"""Shopify's topics, one by one: what each comes to."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import pytest

from cdp.loading.mapping import read_mapping
from chassis import InvalidInput
from contracts.ingest import read_events
from services.gateway.domain.webhooks.understanding import Understanding
from tests.support.shop_webhooks import (
    RECEIVED_AT,
    BoughtLine,
    Payload,
    last_years,
    money_set,
    shopify_checkout,
    shopify_customer,
    shopify_line,
    shopify_order,
    shopify_refund,
    source,
    understood,
)

MAPPING = Path(__file__).parents[3] / "examples" / "mappings" / "shopify-orders.yaml"
Event = dict[str, Any]


ASKED: Payload = {"shop_id": 1, "shop_domain": "mugs.myshopify.com"}
DUE_BODIES: dict[str, Payload] = {
    "customers/data_request": {**ASKED, "customer": {"id": 77}, "orders_requested": [1]},
    "customers/redact": {**ASKED, "customer": {"id": 77}, "orders_to_redact": [1]},
    "shop/redact": ASKED,
    "customers/delete": {"id": 77, "admin_graphql_api_id": "gid://shopify/Customer/77"},
}


def shopify(topic: str, document: dict[str, Any], **more: Any) -> Understanding:
    """What a message comes to; all its events are right, and none has a warning."""
    found = understood("shopify", topic, document, **more)
    checked = read_events([dict(event) for event in found.events], RECEIVED_AT)
    assert not checked.errors
    assert not [each.warnings for each in checked.valid.values() if each.warnings]
    return found


def events(topic: str, document: dict[str, Any], **more: Any) -> list[Event]:
    return [dict(event) for event in shopify(topic, document, **more).events]


def data_of(kind: str, found: list[Event]) -> Event:
    (event,) = [each for each in found if each["type"] == kind]
    data: Event = event["data"]
    return data


def test_an_order_is_completed_when_it_is_placed_with_what_was_paid_in_the_shops_currency() -> None:
    completed, changed = events("orders/create", shopify_order())
    assert completed["type"] == "order_completed"
    assert completed["time"] == "2026-11-20T09:00:00.000000Z"
    assert completed["authenticated"] is False
    assert completed["identifiers"] == {"anonymous_id": "b7c1", "email": "lea@shop.example"}
    assert completed["data"] == {
        "order_id": "5001",
        "store": "mugs",
        "revenue": 2_990,
        "currency": "EUR",
        "cart_id": "c1-token",
        "order_name": "#1001",
        "discount_codes": ["AUTUMN"],
        "products": [
            {
                "product_id": "CUP", "sku": "CUP", "name": "Mug - blue", "quantity": 2,
                "price": 1_000, "shopify_product_id": "301", "shopify_variant_id": "302",
            },
            {
                "product_id": "Mug - blue", "name": "Mug - blue", "quantity": 1,
                "price": 500, "shopify_product_id": "301", "shopify_variant_id": "302",
            },
        ],
    }  # fmt: skip
    assert changed["type"] == "order_updated"
    assert changed["identifiers"] == {}
    assert changed["data"]["revision"] == 1_795_165_205_000
    assert changed["data"]["revenue"] == 2_990


def test_every_topic_of_an_order_and_either_form_tell_the_same_events() -> None:
    order = shopify_order()
    made = events("orders/create", order)
    for topic in ("orders/paid", "orders/updated", "orders/fulfilled"):
        assert events(topic, order) == made
        assert events(topic, last_years(order)) == made
    assert events("orders/create", order, received_at=RECEIVED_AT + 1) == made
    assert events("orders/create", order, source=source(source_id="src-2")) == made


def test_an_order_that_has_changed_is_the_same_order_with_a_greater_revision() -> None:
    edited = shopify_order(total="39.90", updated_at="2026-11-20T12:00:00+01:00")
    one, other = events("orders/create", shopify_order()), events("orders/updated", edited)
    assert one[0]["time"] == other[0]["time"]
    assert {event["id"] for event in one}.isdisjoint(event["id"] for event in other)
    assert one[1]["data"]["revision"] < other[1]["data"]["revision"]


def test_an_order_is_told_as_cdp_load_tells_it_of_the_export() -> None:
    order = shopify_order(cancelled_at="2026-11-20T15:00:00+01:00")
    row = {
        "Name": "#1001", "Email": "lea@shop.example", "Financial Status": "paid",
        "Currency": "EUR", "Total": "29.90", "Created at": "2026-11-20 10:00:00 +0100",
        "Lineitem quantity": "2", "Lineitem name": "Mug - blue", "Lineitem price": "10.00",
        "Lineitem sku": "CUP", "Cancelled at": "2026-11-20 15:00:00 +0100", "Id": "5001",
    }  # fmt: skip
    second = dict.fromkeys(row, "") | {
        "Name": "#1001", "Lineitem quantity": "1", "Lineitem name": "Mug - blue",
        "Lineitem price": "5.00",
    }  # fmt: skip
    file = io.StringIO()
    writer = csv.DictWriter(file, [*row])
    writer.writerows([row, second])
    loaded = read_mapping(MAPPING).make([{**each, "cdp_row": "x"} for each in (row, second)])
    found = events("orders/updated", order, source=source(store=None))
    for kind in ("order_completed", "order_cancelled"):
        (of_file,) = [each for each in loaded if each["type"] == kind]
        (of_webhook,) = [each for each in found if each["type"] == kind]
        assert of_file["time"].replace("Z", "") in of_webhook["time"]
        assert of_file["authenticated"] == of_webhook["authenticated"]
        made = of_webhook["data"]
        for name, value in of_file["data"].items():
            if name != "products":
                assert made[name] == value, name
                continue
            lines = [{key: line[key] for key in value[0]} for line in made["products"]]
            assert lines == value


@pytest.mark.parametrize("status", ["pending", "authorized", "partially_paid", "paid"])
def test_an_order_counts_whether_or_not_it_is_paid_yet(status: str) -> None:
    found = events("orders/create", shopify_order(financial_status=status))
    assert [event["type"] for event in found] == ["order_completed", "order_updated"]


@pytest.mark.parametrize("status", ["voided", "expired"])
def test_an_order_that_is_void_is_cancelled(status: str) -> None:
    found = events("orders/updated", shopify_order(financial_status=status))
    assert data_of("order_cancelled", found) == {"order_id": "5001", "store": "mugs"}
    completed, *_, cancelled = found
    assert cancelled["time"] > completed["time"]


def test_a_cancellation_is_dated_and_one_event_however_often_the_order_changes_after_it() -> None:
    order = shopify_order(cancelled_at="2026-11-20T15:00:00+01:00", cancel_reason="customer")
    later = {**order, "updated_at": "2026-11-21T15:00:00+01:00"}
    (one,) = [e for e in events("orders/cancelled", order) if e["type"] == "order_cancelled"]
    (other,) = [e for e in events("orders/updated", later) if e["type"] == "order_cancelled"]
    assert one == other
    assert one["time"] == "2026-11-20T14:00:00.000000Z"


def test_a_refund_is_the_same_event_by_its_own_topic_and_in_its_order() -> None:
    refund = shopify_refund()
    order = shopify_order(refunds=[refund], updated_at="2026-11-20T11:00:01+01:00")
    (alone,) = events("refunds/create", refund)
    assert alone in events("orders/updated", order)
    assert alone["identifiers"] == {}
    assert alone["data"] == {
        "order_id": "5001", "store": "mugs", "refund_id": "801", "amount": 1_000,
        "currency": "EUR",
    }  # fmt: skip


def test_the_sum_of_refunds_in_an_export_gives_way_to_the_single_refunds() -> None:
    order = shopify_order(refunds=[shopify_refund()], updated_at="2026-11-20T11:00:01+01:00")
    made = [e["data"] for e in events("orders/updated", order) if e["type"] == "order_refunded"]
    assert [(each["refund_id"], each["amount"]) for each in made] == [
        ("801", 1_000),
        ("shopify-#1001-refunded", 0),
    ]
    assert made[1]["revision"] > 0


PENDING = {"id": 1, "kind": "refund", "status": "pending", "amount": "10.00", "currency": "EUR"}
FAILED = PENDING | {"status": "failure"}


@pytest.mark.parametrize(
    ("changes", "amount"),
    [
        ({"transactions": [PENDING]}, 1_000),
        ({"transactions": [PENDING, FAILED]}, 1_000),
        ({"transactions": [PENDING, PENDING | {"amount": "2.50"}]}, 1_250),
        ({"transactions": [PENDING, PENDING | {"kind": "void"}]}, 1_000),
        # in the shopper's currency: what the lines come to in the shop's
        ({"transactions": [PENDING | {"amount": "110.00", "currency": "SEK"}]}, 1_000),
        (
            {
                "transactions": [
                    PENDING
                    | {"amount": "110.00", "currency": "SEK", "amount_set": money_set("9.90")}
                ]
            },
            990,
        ),
        (  # shipping went back too, and a part was kept
            {
                "transactions": [PENDING | {"amount": "1.00", "currency": "SEK"}],
                "order_adjustments": [
                    {"kind": "shipping_refund", "amount_set": money_set("-4.90")},
                    {"kind": "refund_discrepancy", "amount_set": money_set("2.00")},
                ],
            },
            1_290,
        ),
    ],
)
def test_what_a_refund_gave_back_is_in_the_shops_currency(
    changes: dict[str, Any], amount: int
) -> None:
    (event,) = events("refunds/create", shopify_refund(**changes))
    assert (event["data"]["amount"], event["data"]["currency"]) == (amount, "EUR")


def test_a_refund_without_money_is_none_and_one_whose_payment_failed_later_counts_no_more() -> None:
    for payments in ([], [FAILED]):
        found = shopify("refunds/create", shopify_refund(transactions=payments))
        assert (found.events, found.reason) == ((), "gives no money back")
    order = shopify_order(
        refunds=[shopify_refund(transactions=[FAILED])], updated_at="2026-11-21T11:00:01+01:00"
    )
    (refund, _) = [e for e in events("orders/updated", order) if e["type"] == "order_refunded"]
    assert refund["data"]["amount"] == 0
    assert refund["data"]["revision"] > 0


def test_a_deferred_refund_counts_as_what_it_will_give_back() -> None:
    refund = shopify_refund(
        transactions=[{**PENDING, "payments_refund_attributes": {"status": "deferred"}}],
        order_adjustments=[{"kind": "refund_discrepancy", "amount_set": money_set("10.00")}],
    )
    (event,) = events("refunds/create", refund)
    assert event["data"]["amount"] == 1_000


def test_money_is_in_minor_units_of_its_currency() -> None:
    for currency, total, revenue in (("JPY", "1000", 1_000), ("JPY", "1000.00", 1_000),
                                     ("KWD", "1.250", 1_250), ("EUR", "0.10", 10)):  # fmt: skip
        order = shopify_order(total_price_set=money_set(total, currency), lines=[])
        data = data_of("order_completed", events("orders/create", order))
        assert (data["revenue"], data["currency"]) == (revenue, currency)


def test_an_order_of_which_nobody_is_known_is_listed_and_not_recorded() -> None:
    nobody = shopify_order(email=None, contact_email=None, customer=None, note_attributes=[])
    for document in (nobody, {**nobody, "email": ""}):
        found = shopify("orders/create", document)
        assert not found.events
        assert "names no shopper" in found.reason


def test_without_permission_to_see_addresses_the_device_is_left() -> None:
    hidden = shopify_order(email=None, contact_email=None, customer={"id": 77})
    assert events("orders/create", hidden)[0]["identifiers"] == {"anonymous_id": "b7c1"}


def test_test_orders_count_nowhere_but_in_a_test_source() -> None:
    assert shopify("orders/create", shopify_order(test=True)).reason.startswith("is a test order")
    assert events("orders/create", shopify_order(test=True), source=source(test=True))


def test_a_deleted_order_is_cancelled() -> None:
    (event,) = events("orders/delete", {"id": 5_001})
    assert event["type"] == "order_cancelled"
    (again,) = events("orders/delete", {"id": 5_001}, received_at=RECEIVED_AT + 9_000_000)
    assert again["id"] == event["id"]


def test_lines_that_name_nothing_or_are_none_are_left_out() -> None:
    lines = [
        shopify_line(BoughtLine("CUP", "10.00")),
        shopify_line(BoughtLine("LID", "1.00", 0)),
        {"quantity": 1, "price": "3.00"},
        shopify_line(BoughtLine("JPY", "1.00")) | {"price_set": money_set("1", "JPY")},
        "no line",
    ]
    data = data_of("order_completed", events("orders/create", shopify_order(line_items=lines)))
    assert [(each["product_id"], each.get("price")) for each in data["products"]] == [
        ("CUP", 1_000),
        ("JPY", None),
    ]


@pytest.mark.parametrize(
    ("state", "verified", "proof"),
    [
        ("disabled", True, {"proven": []}),
        ("invited", True, {"proven": []}),
        ("declined", True, {"proven": []}),
        (None, True, {"proven": []}),
        ("enabled", False, {"proven": []}),
        ("enabled", True, {}),
        ("enabled", None, {}),
    ],
)
def test_a_customers_address_is_proven_only_by_an_account_that_is_in_use(
    state: str | None, verified: bool | None, proof: dict[str, Any]
) -> None:
    customer = shopify_customer(state=state, verified_email=verified)
    for topic in ("customers/create", "customers/update"):
        (event,) = events(topic, customer)
        assert event["type"] == "traits_changed"
        assert event["authenticated"] is True
        assert {name: event[name] for name in ("proven",) if name in event} == proof
        assert event["identifiers"] == {
            "user_id": "77", "email": "lea@shop.example", "phone": "+4915112345678",
        }  # fmt: skip
        assert event["data"]["traits"] == {
            "first_name": "Lea", "last_name": "Holm", "city": "Kiel", "country": "DE",
        }  # fmt: skip


def consent(state: str, level: str = "single_opt_in", at: str = "2026-11-19T10:00:00Z") -> Event:
    return {"state": state, "opt_in_level": level, "consent_updated_at": at}


@pytest.mark.parametrize(
    ("topic", "document", "made"),
    [
        (
            "customers/email_marketing_consent_update",
            {"customer_id": 77, "email_address": "lea@shop.example",
             "email_marketing_consent": consent("subscribed")},
            ({"email": "lea@shop.example"}, "email", True, None),
        ),
        (
            "customers/email_marketing_consent_update",
            {"customer_id": 77, "email_address": "lea@shop.example",
             "email_marketing_consent": consent("SUBSCRIBED", "CONFIRMED_OPT_IN")},
            ({"email": "lea@shop.example"}, "email", True, ["email"]),
        ),
        (
            "customers/email_marketing_consent_update",
            {"customer_id": 77, "email_address": "lea@shop.example",
             "email_marketing_consent": consent("unsubscribed", "confirmed_opt_in")},
            ({"email": "lea@shop.example"}, "email", False, None),
        ),
        (
            "customers/marketing_consent_update",
            {"id": 77, "phone": "+4915112345678", "sms_marketing_consent": consent("subscribed")},
            ({"phone": "+4915112345678"}, "sms", True, None),
        ),
    ],
)  # fmt: skip
def test_a_consent_is_that_of_its_address(
    topic: str, document: Event, made: tuple[Event, str, bool, list[str] | None]
) -> None:
    (event,) = events(topic, document)
    identifiers, purpose, granted, proven = made
    assert event["type"] == "consent_changed"
    assert event["time"] == "2026-11-19T10:00:00.000000Z"
    assert event["identifiers"] == identifiers
    assert event["data"] == {"purpose": purpose, "granted": granted}
    assert event.get("proven") == proven
    assert event["authenticated"] is False


def test_a_consent_is_one_event_by_its_own_topic_and_in_last_years_customer() -> None:
    given = consent("unsubscribed")
    (alone,) = events(
        "customers/email_marketing_consent_update",
        {"customer_id": 77, "email_address": "lea@shop.example", "email_marketing_consent": given},
    )
    old = shopify_customer(email_marketing_consent=given, sms_marketing_consent=None, tags="vip")
    traits, inside = events("customers/update", old)
    assert inside == alone
    assert traits["data"]["traits"]["tags"] == "vip"


@pytest.mark.parametrize("state", ["not_subscribed", "pending", "redacted", "invalid", ""])
def test_a_box_that_nobody_ticked_is_no_refusal(state: str) -> None:
    document = {"email_address": "lea@shop.example", "email_marketing_consent": consent(state)}
    assert shopify("customers/email_marketing_consent_update", document).events == ()


def test_a_checkout_is_begun_once_and_its_cart_is_as_it_stands() -> None:
    begun, cart = events("checkouts/create", shopify_checkout())
    assert begun["type"] == "checkout_started"
    assert begun["data"] == {"cart_id": "c1-token"}
    assert begun["identifiers"] == {"anonymous_id": "b7c1", "email": "lea@shop.example"}
    assert cart["type"] == "cart_updated"
    assert (cart["data"]["value"], cart["data"]["currency"]) == (2_500, "EUR")
    assert len(cart["data"]["products"]) == 2
    later = shopify_checkout(updated_at="2026-11-20T09:57:00+01:00", line_items=[])
    again, emptied = events("checkouts/update", later)
    assert again == begun
    assert emptied["id"] != cart["id"]
    assert emptied["data"]["products"] == []
    over = shopify_checkout(completed_at="2026-11-20T09:58:00+01:00")
    assert shopify("checkouts/update", over).events == ()


def test_a_cart_counts_if_the_shops_page_has_noted_a_device_on_it() -> None:
    cart = {
        "id": "c1-token", "token": "c1-token", "note": "", "updated_at": "2026-11-20T09:40:00Z",
        "line_items": [shopify_line(BoughtLine("CUP", "10.00"))],
    }  # fmt: skip
    assert "no device" in shopify("carts/create", cart).reason
    for notes in (
        {"note_attributes": [{"name": "cdp_id", "value": "b7c1"}]},
        {"attributes": {"cdp_id": "b7c1"}},
    ):
        (event,) = events("carts/update", {**cart, **notes})
        assert event["identifiers"] == {"anonymous_id": "b7c1"}
        assert event["data"]["cart_id"] == "c1-token"


@pytest.mark.parametrize(("topic", "document"), DUE_BODIES.items())
def test_what_privacy_topics_ask_for_is_due(topic: str, document: Payload) -> None:
    found = shopify(topic, document)
    assert found.is_due
    assert not found.events
    assert "by hand" in found.reason


@pytest.mark.parametrize("topic", DUE_BODIES)
def test_what_came_under_a_privacy_topic_that_it_is_not_of_is_due_with_a_warning(
    topic: str,
) -> None:
    others = {name: body for name, body in DUE_BODIES.items() if name != topic}
    for document in (*others.values(), shopify_order()):
        found = shopify(topic, document)
        assert found.is_due
        assert "another one" in found.reason


@pytest.mark.parametrize("topic", ["products/update", "orders/edited", "customers/merge", "x", ""])
def test_of_other_topics_nothing_is_made_and_the_reason_says_so(topic: str) -> None:
    found = shopify(topic, {"id": 1})
    assert found.reason
    assert not found.is_due


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": None}, "id"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": None}, "created_at"),
        ({"total_price_set": None, "total_price": "a lot"}, "total_price"),
        ({"total_price_set": {}, "currency": ""}, "currency"),
        ({"refunds": [{"created_at": "2026-11-20T10:00:00Z"}]}, "id"),
    ],
)
def test_what_cannot_be_read_is_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as error:
        understood("shopify", "orders/create", shopify_order(**changes))
    assert error.value.subject == field


def test_a_card_number_in_an_order_costs_nobody_the_order() -> None:
    order = shopify_order()
    order["line_items"][0]["name"] = "Engraving: 4111 1111 1111 1111"
    (completed, _) = understood("shopify", "orders/create", order).events
    checked = read_events([dict(completed)], RECEIVED_AT)
    assert not checked.errors
    assert checked.valid[0].data["products"][0]["name"] == "Engraving: **** **** **** 1111"
    assert checked.valid[0].warnings


def test_a_cart_without_a_total_is_told_without_its_value() -> None:
    data = data_of("cart_updated", events("checkouts/update", shopify_checkout(total_price=None)))
    assert "value" not in data
    assert data["cart_id"] == "c1-token"


def test_money_that_was_given_back_in_no_currency_is_no_amount() -> None:
    payment = {"id": 1, "kind": "refund", "status": "success", "amount": "10.00"}
    refund = shopify_refund(refund_line_items=[], transactions=[payment])
    with pytest.raises(InvalidInput, match=r"transactions\.currency: is missing"):
        understood("shopify", "refunds/create", refund)


@pytest.mark.parametrize("price", ["", "n/a", None])
def test_a_price_that_cannot_be_read_costs_nobody_the_order(price: str | None) -> None:
    order = shopify_order()
    order["line_items"][0] |= {"price": price, "price_set": None}
    data = data_of("order_completed", events("orders/create", order))
    assert data["revenue"] == 2_990
    assert "price" not in data["products"][0]
    assert data["products"][1]["price"] == 500


def test_a_cart_is_worth_what_its_lines_cost_in_the_shops_currency() -> None:
    cup = shopify_line(BoughtLine("CUP", "10.00", 2)) | {"line_price_set": money_set("18.00")}
    yen = {"price_set": money_set("500", "JPY"), "line_price_set": money_set("500", "JPY")}
    notes = [{"name": "cdp_id", "value": "b7c1"}]
    cart = {"token": "c1-token", "updated_at": "2026-11-20T09:40:00Z", "note_attributes": notes}
    found = [
        data_of("cart_updated", events("carts/update", {**cart, "line_items": lines}))
        for lines in ([cup], [cup, cup], [cup | yen], [cup, cup | yen], [])
    ]
    assert [(data.get("value"), data.get("currency")) for data in found] == [
        (1_800, "EUR"),
        (3_600, "EUR"),
        (500, "JPY"),
        (None, None),
        (None, None),
    ]
    assert [data["products"][0]["price"] for data in found[:4]] == [1_000, 1_000, 500, 1_000]


def test_a_cart_whose_money_is_in_no_currency_is_told_without_it() -> None:
    line = {"id": 1, "sku": "CUP", "quantity": 1, "price": "10.00"}
    notes = [{"name": "cdp_id", "value": "b7c1"}]
    cart = {"token": "c1", "updated_at": "2026-11-20T09:40:00Z", "note_attributes": notes}
    data = data_of("cart_updated", events("carts/update", {**cart, "line_items": [line]}))
    assert data["products"] == [{"product_id": "CUP", "sku": "CUP", "quantity": 1}]
    assert "value" not in data


REMOVED = shopify_refund(810, amount="10.00", transactions=[])
REFUNDED = shopify_refund(811, amount="5.00")
NOT_REFUNDED = shopify_refund(812, transactions=[FAILED])


@pytest.mark.parametrize(
    ("now", "refunds", "revenue"),
    [
        ("29.90", [], 2_990),
        ("19.90", [REMOVED], 1_990),  # of an order that nobody has paid yet
        ("14.90", [REMOVED, REFUNDED], 1_990),
        ("24.90", [REFUNDED], 2_990),
        ("9.90", [REMOVED, NOT_REFUNDED], 1_990),
        ("29.90", [REMOVED], 2_990),  # the shop has kept the money
        ("19.90", [REMOVED, shopify_refund(813, amount="10.00")], 2_990),  # and gave it back later
        ("0.00", [REMOVED], 0),
        ("?", [REMOVED], 2_990),
    ],
)
def test_what_was_taken_out_of_an_order_before_it_was_paid_is_no_revenue(
    now: str, refunds: list[Payload], revenue: int
) -> None:
    order = shopify_order(refunds=refunds, current_total_price_set=money_set(now))
    assert data_of("order_completed", events("orders/updated", order))["revenue"] == revenue


def test_an_order_that_does_not_say_what_it_comes_to_now_has_its_total() -> None:
    for unknown in (None, money_set("19.90", "SEK")):
        order = shopify_order(refunds=[REMOVED], current_total_price_set=unknown)
        assert data_of("order_completed", events("orders/updated", order))["revenue"] == 2_990
