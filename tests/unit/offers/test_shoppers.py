"""The four shoppers of the mission, on both placements of the shipped catalogue."""

from __future__ import annotations

from typing import Any

import pytest

from services.offers.configuration import load_catalogue
from services.offers.domain.decision import Decision, decide
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper

CATALOGUE = load_catalogue()
BASKET = {"items": [{"sku": "shade-linen", "category": "home", "quantity": 2, "price": 2400}],
          "value": 4800, "currency": "USD", "device": "desktop"}  # fmt: skip
WATCH = {"items": [{"sku": "watch-run-5", "category": "running watch", "quantity": 1}],
         "value": 24900, "currency": "USD", "device": "mobile",
         "referrer": "running-club.example"}  # fmt: skip

FIRST_TIME = Shopper("p-1", "device")
ONE_TIME = Shopper("p-2", "verified", frozenset({"returning_one_time_buyer"}))
TOP = Shopper(
    "p-3", "verified", frozenset({"high_value", "frequent_buyer"}),
    {"loyalty_tier": "gold", "loyalty_enrolled": True}, {}, 1175,
)  # fmt: skip


def decided(placement: str, shopper: Shopper, context: Any) -> Decision:
    return decide(DecisionRequest(placement, context=context), shopper, CATALOGUE, 0, "d-1")


def offers(decision: Decision) -> dict[str, str]:
    return {
        name: ", ".join(block.offer_id for block in blocks if block.offer_id)
        for name, blocks in decision.slots.items()
        if blocks[0].offer_id
    }


def test_a_first_time_visitor_sees_reasons_to_trust_and_a_guest_checkout() -> None:
    decision = decided("checkout", FIRST_TIME, BASKET)
    assert offers(decision) == {
        "reassurance": "trust_signals", "account": "guest_checkout",
        "delivery": "nearly_free_delivery",
    }  # fmt: skip
    assert decision.slots["account"][0].content["guest_checkout"] is True


def test_a_first_time_visitor_is_offered_an_account_after_the_order_but_not_forced() -> None:
    decision = decided("order_confirmation", FIRST_TIME, BASKET)
    assert offers(decision) == {
        "thanks": "first_order_thanks", "account": "account_for_points",
        "loyalty": "join_loyalty_as_guest", "next": "second_order_discount",
    }  # fmt: skip
    assert decision.slots["account"][0].content["optional"] is True


def test_nobody_is_forced_into_an_account() -> None:
    for shopper in (Shopper(), FIRST_TIME, ONE_TIME, TOP):
        (block,) = decided("checkout", shopper, BASKET).slots["account"]
        assert block.content["guest_checkout"] is True


def test_a_one_time_buyer_sees_what_this_order_would_earn() -> None:
    decision = decided("checkout", ONE_TIME, BASKET)
    assert offers(decision) == {
        "welcome": "welcome_back", "loyalty": "join_loyalty", "delivery": "nearly_free_delivery",
    }  # fmt: skip
    assert decision.slots["loyalty"][0].content["title"] == "Earn 48 points with this order"


def test_a_one_time_buyer_can_still_join_after_the_order() -> None:
    decision = decided("order_confirmation", ONE_TIME, BASKET)
    assert offers(decision) == {
        "thanks": "second_order_thanks", "loyalty": "join_loyalty_afterwards",
        "next": "second_order_discount",
    }  # fmt: skip


def test_a_one_time_buyer_who_is_enrolled_sees_the_status_instead() -> None:
    enrolled = Shopper("p-2", "verified", ONE_TIME.segments, {"loyalty_enrolled": True}, {}, 48)
    content = decided("checkout", enrolled, BASKET).slots["loyalty"][0].content
    assert content["title"] == "Your tier is member, with 48 points"


def test_a_top_customer_sees_tier_points_and_a_priority_contact() -> None:
    decision = decided("checkout", TOP, BASKET)
    assert offers(decision) == {
        "welcome": "top_customer_welcome", "loyalty": "loyalty_status",
        "summary": "points_of_this_order", "delivery": "priority_shipping",
        "discount": "frequent_buyer_discount", "service": "priority_contact",
    }  # fmt: skip
    content = decision.slots["loyalty"][0].content
    assert (content["tier"], content["points"]) == ("gold", 1175)
    assert content["text"] == "1,325 more points make you platinum."


def test_a_top_customer_sees_tier_and_points_after_the_order_too() -> None:
    decision = decided("order_confirmation", TOP, BASKET)
    assert offers(decision) == {
        "thanks": "top_customer_thanks", "loyalty": "loyalty_status",
        "service": "priority_contact",
    }  # fmt: skip


def test_who_is_at_the_top_is_not_told_of_a_tier_above() -> None:
    platinum = Shopper("p-3", "verified", TOP.segments, {"loyalty_tier": "platinum"}, {}, 9000)
    assert offers(decided("checkout", platinum, BASKET))["loyalty"] == "loyalty_status_top"


def test_an_anonymous_buyer_is_served_by_the_transaction() -> None:
    decision = decided("checkout", Shopper(), WATCH)
    assert offers(decision) == {
        "welcome": "referred_welcome", "reassurance": "trust_signals",
        "account": "guest_checkout", "delivery": "delivery_is_free", "payment": "mobile_wallet",
        "extras": "watch_warranty",
    }  # fmt: skip
    content = decision.slots["welcome"][0].content
    assert content["title"] == "Welcome, friend of running-club.example"


def test_an_anonymous_buyer_of_a_watch_is_shown_a_strap_after_the_order() -> None:
    decision = decided("order_confirmation", Shopper(), WATCH)
    assert offers(decision)["extras"] == "strap_afterwards"
    sold_out = decided("order_confirmation", Shopper(), {**WATCH, "stock": {"strap-sport": 0}})
    assert "extras" not in offers(sold_out)


def test_a_cheap_watch_gets_the_strap_and_not_the_warranty() -> None:
    assert (
        offers(decided("checkout", Shopper(), {**WATCH, "value": 900}))["extras"] == "watch_strap"
    )


@pytest.mark.parametrize("placement", ["checkout", "order_confirmation"])
def test_who_only_claims_to_be_a_top_customer_learns_nothing_of_one(placement: str) -> None:
    stranger = Shopper("p-3", "claimed", TOP.segments)
    personal = {"top_customer_welcome", "loyalty_status", "priority_contact", "top_customer_thanks"}
    assert not personal & set(offers(decided(placement, stranger, BASKET)).values())
