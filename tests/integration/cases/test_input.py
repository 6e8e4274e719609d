"""Cases of input: what shops send that is not quite as it should be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chassis import InvalidInput
from contracts.event_types import EVENT_TYPES
from contracts.profiles import RECEIPT
from tests.support.case_shop import CaseShop

ANN = {"user_id": "ann"}
LINE = {"sku": "cup", "category": "kitchen", "quantity": 1, "price": 3_000}


def order(shop: CaseShop, number: str = "1", **data: Any) -> dict[str, Any]:
    return shop.event(
        "order_completed",
        "10:00",
        ANN,
        authenticated=True,
        order_id=number,
        **{"revenue": 3_000, "currency": "USD", **data},
    )


def refund(shop: CaseShop, **data: Any) -> dict[str, Any]:
    return shop.event("order_refunded", "11:00", ANN, authenticated=True, order_id="1", **data)


def fields(receipt: dict[str, Any]) -> list[str]:
    return [warning["field"].partition(".")[2] for warning in receipt["warnings"]]


# Quantities, and lines that are none.


@pytest.mark.parametrize(
    "line",
    [
        {"sku": "cheese", "quantity": 0.5, "price": 1_000},
        {"sku": "removed", "quantity": 0, "price": 1_000},
        {"sku": "cup", "price": 1_000},
        {"name": "tip", "price": 200, "quantity": 1},
        {"sku": "odd", "quantity": "some", "price": 200},
        {"sku": "odd", "price": 19.99},
    ],
)
def test_an_order_counts_whatever_one_of_its_lines_is(shop: CaseShop, line: dict[str, Any]) -> None:
    shop.record(order(shop, products=[LINE, line]))
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


def decide(shop: CaseShop, **context: Any) -> dict[str, Any]:
    decision: dict[str, Any] = shop.client.call(
        "offers",
        "decide",
        request={"placement": "checkout", "context": context, "deadline_ms": 20_000},
    )
    return decision


@pytest.mark.parametrize(
    ("line", "reasons"),
    [
        ({"sku": "cheese", "quantity": 0.5}, []),
        ({"sku": "removed", "quantity": 0}, []),
        ({"sku": "cup"}, []),
        ({"name": "tip", "price": 200, "quantity": 1}, ["ignored:context.items[1]"]),
        ({"sku": "odd", "price": 19.99}, ["ignored:context.items[1].price"]),
        ({"sku": "odd", "quantity": -1}, ["ignored:context.items[1]"]),
        ("tip", ["ignored:context.items[1]"]),
    ],
)
def test_the_checkout_gets_an_answer_whatever_a_line_of_the_basket_is(
    shop: CaseShop, line: Any, reasons: list[str]
) -> None:
    decision = decide(shop, items=[{"sku": "lid"}, line], value=3_000, currency="USD")
    assert decision["degraded"] == []
    left_out = {reason.split(": ")[0] for reason in decision["reasons"] if ": " in reason}
    assert left_out == set(reasons)


def test_the_checkout_gets_an_answer_whatever_else_is_odd(shop: CaseShop) -> None:
    decision = decide(shop, value="19.99", currency="dollars", stock=["a"], coupon="X")
    assert {reason.split(": ")[0] for reason in decision["reasons"]} >= {
        "ignored:context.value",
        "ignored:context.currency",
        "ignored:context.stock",
        "ignored:context.coupon",
    }
    for wrong in ({"placement": "cellar"}, {"placement": "checkout", "identifiers": ["ann"]}):
        with pytest.raises(InvalidInput):
            shop.client.call("offers", "decide", request=wrong)


# Refunds.


def test_a_refund_is_its_total_where_it_has_no_amount(shop: CaseShop) -> None:
    shop.record(order(shop))
    (receipt,) = shop.record(refund(shop, total=1_000, currency="USD", products=[LINE]))
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})
    assert receipt["warnings"] == []


def test_a_refund_is_what_its_products_cost_where_it_has_nothing_else(shop: CaseShop) -> None:
    shop.record(order(shop))
    lines = [{"sku": "cup", "price": 500, "quantity": 2}, {"name": "tip", "price": 200}]
    (receipt,) = shop.record(refund(shop, products=lines))
    assert shop.orders(user_id="ann") == (1, {"USD": 1_800})
    assert receipt["warnings"] == []


@pytest.mark.parametrize("name", ["ammount", "amuont", "amoun", "Amount"])
def test_a_refund_whose_amount_is_misspelt_says_so(shop: CaseShop, name: str) -> None:
    shop.record(order(shop))
    (receipt,) = shop.record(refund(shop, currency="USD", **{name: 500}))
    assert fields(receipt) == [f"data.{name}", "data.amount"]
    misspelt, assumed = receipt["warnings"]
    assert 'did you mean "amount"?' in misspelt["message"]
    assert "assumed_full" in assumed["message"]


# One id for two events.


def test_an_order_whose_id_is_that_of_its_cancellation_too_is_a_conflict(shop: CaseShop) -> None:
    event_id = shop.mine("5001")
    shop.record({**order(shop), "id": event_id})
    cancelled = shop.event(
        "order_cancelled", "11:00", {"email": "bob"}, event_id=event_id, order_id="1"
    )
    (receipt,) = shop.receipts(cancelled)
    assert receipt["status"] == "conflict"
    assert not {"profile_id", "stream_id", "token"} & receipt.keys()
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
    (listed,) = [
        each
        for each in shop.client.call("profiles", "conflicts", limit=1_000)
        if each["event_id"] == event_id
    ]
    assert "type" in listed["differing"]
    assert "bob" not in str(listed)


def test_an_event_that_is_sent_again_counts_once_in_whatever_form(shop: CaseShop) -> None:
    sent = order(shop, products=[LINE])
    shop.record(sent)
    data = {**sent["data"], "revenue": "3000", "currency": "usd"}
    (receipt,) = shop.receipts({**sent, "data": data, "time": "2026-11-20 10:00Z"})
    assert receipt["status"] == "duplicate"
    assert fields(receipt) == ["time", "data.revenue", "data.currency"]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


# Clocks.


@pytest.mark.parametrize(
    ("sent_at", "is_at"),
    [
        ("1997-03-01T12:00:02Z", "1997-03-01T12:00:00.000000Z"),
        (None, "1997-03-01T12:00:00.000000Z"),
    ],
)
def test_an_order_of_1997_is_one_of_1997(shop: CaseShop, sent_at: str | None, is_at: str) -> None:
    event = order(shop)
    shop.record({**event, "time": "1997-03-01T12:00:00Z", "sent_at": sent_at})
    assert shop.profile(user_id="ann")["orders"]["first_at"] == is_at


def test_a_clock_that_is_half_an_hour_behind_is_corrected(shop: CaseShop) -> None:
    event = order(shop)
    late = {"time": "2026-11-20T11:20:00Z", "sent_at": "2026-11-20T11:30:00Z"}
    shop.record({**event, **late})
    assert shop.profile(user_id="ann")["orders"]["first_at"] == "2026-11-20T11:50:00.000000Z"


def test_a_time_far_ahead_is_rejected_and_our_clock_is_said(shop: CaseShop) -> None:
    (receipt,) = shop.receipts({**order(shop), "time": "2027-11-20T12:00:00Z"})
    assert receipt["status"] == "rejected"
    assert "2026-11-20T12:00:00Z" in receipt["error"]["message"]


# Many errors, and many slips.


def test_all_that_is_wrong_is_told_at_once(shop: CaseShop) -> None:
    (receipt,) = shop.receipts({**order(shop, revenue="30,00", currency="dollars"), "time": "soon"})
    assert [error["field"] for error in receipt["errors"]] == [
        "events[0].time",
        "events[0].data.revenue",
        "events[0].data.currency",
    ]
    assert receipt["error"] == receipt["errors"][0]


def test_slips_that_can_mean_one_thing_only_count(shop: CaseShop) -> None:
    event = order(shop, revenue="3000", currency="usd")
    event["data"]["order_id"] = 1_001
    (receipt,) = shop.record({**event, "authenticated": "true"})
    assert fields(receipt) == [
        "authenticated",
        "data.order_id",
        "data.revenue",
        "data.currency",
    ]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


def test_what_is_blank_says_nothing_and_costs_no_order(shop: CaseShop) -> None:
    line = {"sku": "cup", "product_id": "", "category": " ", "currency": "", "quantity": 2}
    blank = order(shop, store="", placed_at="", products=[line], cart_id=None)
    blank["data"]["cart_id"] = ""
    (receipt,) = shop.record({**blank, "sent_at": ""})
    assert set(fields(receipt)) == {
        "sent_at",
        "data.store",
        "data.placed_at",
        "data.cart_id",
        "data.products[0].category",
        "data.products[0].product_id",
        "data.products[0].currency",
    }
    orders = shop.profile(user_id="ann")["orders"]
    assert (orders["count"], orders["items"]) == (1, 2)
    shop.record(refund(shop, refund_id="", amount=1_000, currency="USD"))
    assert shop.orders(user_id="ann") == (1, {"USD": 2_000})


@pytest.mark.parametrize(
    ("products", "items"),
    [({}, 0), ("", 0), ({"1": LINE, "3": LINE}, 2)],
)
def test_an_order_counts_whatever_a_program_writes_for_its_lines(
    shop: CaseShop, products: Any, items: int
) -> None:
    (receipt,) = shop.record(order(shop, products=products))
    assert fields(receipt) == ["data.products"]
    orders = shop.profile(user_id="ann")["orders"]
    assert (orders["count"], orders["items"]) == (1, items)


@pytest.mark.parametrize("products", ["", "cup", {"any": LINE}])
def test_a_refund_whose_lines_are_no_list_is_not_one_of_the_whole_order(
    shop: CaseShop, products: Any
) -> None:
    shop.record(order(shop))
    (receipt,) = shop.receipts(refund(shop, products=products))
    assert [error["field"] for error in receipt["errors"]] == ["events[0].data.products"]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


@pytest.mark.parametrize("name", ["order_id", "revenue", "currency"])
def test_what_an_order_needs_is_not_blank(shop: CaseShop, name: str) -> None:
    event = order(shop)
    event["data"][name] = " "
    (receipt,) = shop.receipts(event)
    assert [error["field"] for error in receipt["errors"]] == [f"events[0].data.{name}"]


def test_blanks_around_the_id_of_an_order_make_no_other_order_of_it(shop: CaseShop) -> None:
    shop.record(order(shop, store="north"))
    again = order(shop, store="north ")
    again["data"]["order_id"] = f" {again['data']['order_id']}\t"
    (receipt,) = shop.record(again)
    assert fields(receipt) == ["data.order_id", "data.store"]
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})


def test_what_a_browser_says_of_itself_is_not_believed(shop: CaseShop) -> None:
    event = shop.event("page_read", "10:00", ANN, authenticated=True)
    (receipt,) = shop.record(event, origin="browser")
    assert fields(receipt) == ["authenticated"]
    with pytest.raises(InvalidInput, match="origin"):
        shop.receipts(event, origin="till")


# Whatever is sent.

LEAVES = st.sampled_from(
    ["", "ann", "USD", "usd", "5", "true", "\u0000", "2026-11-20 10:00Z", "1997-03-01T12:00:00Z"]
) | st.sampled_from([None, True, False, 0, -1, 5, 5.0, 0.5, 2**62, 1e300])
NAMES = st.sampled_from(
    sorted(
        {name for schema in EVENT_TYPES.values() for name in schema.fields} | {"user_id", "email"}
    )
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)
FIELDS = ("id", "type", "time", "sent_at", "identifiers", "authenticated", "proven", "context")
EVENTS = st.builds(
    lambda kind, data, changes: {"type": kind, "data": data, **changes},
    st.sampled_from([*EVENT_TYPES, "page_read", "order_canceled"]),
    st.dictionaries(NAMES, VALUES, max_size=6) | VALUES,
    st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=2),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    events=st.lists(EVENTS, min_size=1, max_size=4), origin=st.sampled_from(["server", "browser"])
)
def test_whatever_is_sent_is_answered_by_a_receipt_for_each_event(
    shop: CaseShop, events: list[dict[str, Any]], origin: str
) -> None:
    sent = [{**shop.event("page_read", "10:00", ANN, authenticated=True), **e} for e in events]
    receipts = shop.receipts(*sent, origin=origin)
    assert len(receipts) == len(sent)
    for receipt in receipts:
        RECEIPT.load(receipt)
        assert ("errors" in receipt) == (receipt["status"] in {"rejected", "conflict"})
    again = shop.receipts(*sent, origin=origin)
    for first, second in zip(receipts, again, strict=True):
        expected = "duplicate" if first["status"] == "appended" else first["status"]
        assert second["status"] == expected


def test_what_php_and_tag_managers_write_is_recorded_as_it_was_meant(shop: CaseShop) -> None:
    sent = order(shop, products={"0": {**LINE, "quantity": "1"}})
    sent |= {"authenticated": 1, "context": [], "sent_at": "soon", "type": "Order Completed"}
    (receipt,) = shop.record(sent)
    assert receipt["status"] == "appended"
    assert len(receipt["warnings"]) == 6
    assert shop.orders(user_id="ann") == (1, {"USD": 3_000})
