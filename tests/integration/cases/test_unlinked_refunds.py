"""Cases of money that goes back without an order: credit notes, goodwill, returns at a till."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.case_shop import CaseShop

ANN = {"user_id": "ann", "email": "ann"}


def order(shop: CaseShop, revenue: int = 60_000) -> dict[str, Any]:
    data: dict[str, Any] = {"order_id": "1", "revenue": revenue, "currency": "USD"}
    return shop.event("order_completed", "10:00", ANN, authenticated=True, **data)


def credit_note(
    shop: CaseShop, amount: int, who: dict[str, str] = ANN, number: str = "C1"
) -> dict[str, Any]:
    data: dict[str, Any] = {"refund_id": number, "amount": amount, "currency": "USD"}
    return shop.event(
        "order_refunded", "11:00", who, authenticated="user_id" in who, without_order=True, **data
    )


@pytest.mark.parametrize("is_first", [False, True])
def test_a_credit_note_lowers_the_revenue_and_segments_built_on_it_whichever_comes_first(
    shop: CaseShop, is_first: bool
) -> None:
    events = [order(shop), credit_note(shop, 20_000)]
    shop.record(*(events[::-1] if is_first else events))
    assert shop.orders(user_id="ann") == (1, {"USD": 40_000})
    assert "high_value" not in shop.segments(user_id="ann")
    (account,) = shop.timeline(user_id="ann")["orders"]
    assert (account["net"], account["status"]) == (60_000, "standing")


def test_a_credit_note_told_twice_counts_once_and_told_as_nothing_is_taken_back(
    shop: CaseShop,
) -> None:
    shop.record(order(shop), credit_note(shop, 20_000), credit_note(shop, 20_000))
    assert shop.orders(user_id="ann") == (1, {"USD": 40_000})
    shop.record(credit_note(shop, 0))
    assert shop.orders(user_id="ann") == (1, {"USD": 60_000})
    assert "high_value" in shop.segments(user_id="ann")


def test_more_may_go_back_than_was_told_as_paid(shop: CaseShop) -> None:
    shop.record(credit_note(shop, 500))
    assert shop.orders(user_id="ann") == (0, {"USD": -500})


def test_a_credit_note_of_a_guest_comes_to_the_account_that_proves_the_address(
    shop: CaseShop,
) -> None:
    shop.record(order(shop), credit_note(shop, 500, {"email": "ann"}))
    assert shop.orders(user_id="ann") == (1, {"USD": 60_000})
    shop.record(shop.event("account_created", "12:00", ANN, authenticated=True))
    assert shop.orders(user_id="ann") == (1, {"USD": 59_500})


def test_the_same_credit_note_told_of_a_guest_and_of_the_account_counts_once(
    shop: CaseShop,
) -> None:
    shop.record(
        shop.event("account_created", "09:00", ANN, authenticated=True),
        order(shop),
        credit_note(shop, 500, {"email": "ann"}),
        credit_note(shop, 500),
    )
    assert shop.orders(user_id="ann") == (1, {"USD": 59_500})


def test_a_browser_cannot_tell_a_credit_note(shop: CaseShop) -> None:
    (receipt,) = shop.receipts(credit_note(shop, 500), origin="browser")
    assert receipt["status"] == "rejected"
    assert receipt["error"]["field"] == "events[0].data.without_order"
