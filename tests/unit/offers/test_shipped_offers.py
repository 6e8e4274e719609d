"""What each shipped offer is for: to whom it is shown, on which page, and what it says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.offers.configuration import load_catalogue
from services.offers.domain.decision import Block, decide
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper

CATALOGUE = load_catalogue()
OFFERS = {
    offer.id
    for slots in CATALOGUE.placements.values()
    for slot in slots.values()
    for offer in slot.offers
}
WATCH = {"sku": "watch-5", "name": "Tempo 5", "category": "running watch", "quantity": 1}
COFFEE = {"sku": "beans-1", "category": "coffee", "quantity": 2}


def basket(value: int = 4_800, **context: Any) -> dict[str, Any]:
    return {"items": [WATCH], "value": value, "currency": "USD", **context}


def known(assurance: str, *segments: str, points: int = 0, **traits: Any) -> Shopper:
    return Shopper("p-1", assurance, frozenset(segments), traits, {}, points)


def member(points: int, *segments: str, **traits: Any) -> Shopper:
    return known("verified", *segments, points=points, **{"loyalty_enrolled": True, **traits})


STRANGER = Shopper()
GUEST = known("device", "first_time_visitor")

# offer, page and slot, shopper, context, title
STORIES: list[tuple[str, str, Shopper, dict[str, Any], str]] = [
    ("trust_signals", "checkout.reassurance", STRANGER, {}, "New here? You are in good hands"),
    ("guest_checkout", "checkout.account", GUEST, basket(), "Check out as a guest"),
    ("account_for_points", "order_confirmation.account", GUEST, basket(), "Keep your 48 points"),
    ("account_for_points", "order_confirmation.account", GUEST, basket(199), "Keep your point"),
    ("optional_account", "order_confirmation.account", GUEST, basket(99), "Follow your order"),
    (
        "first_order_thanks", "order_confirmation.thanks", GUEST, {},
        "Thank you for your first order",
    ),
    (
        "welcome_back", "checkout.welcome", known("device", "returning_one_time_buyer"), {},
        "Good to see you again",
    ),
    (
        "join_loyalty", "checkout.loyalty", known("device", "returning_one_time_buyer"), basket(),
        "Earn 48 points with this order",
    ),
    (
        "join_loyalty_afterwards", "order_confirmation.loyalty",
        known("verified", "returning_one_time_buyer"), basket(100), "1 point is waiting for you",
    ),
    (
        "join_loyalty_as_guest", "order_confirmation.loyalty", STRANGER, basket(120_000),
        "This order is worth 1,200 points",
    ),
    (
        "second_order_thanks", "order_confirmation.thanks",
        known("device", "returning_one_time_buyer"), {}, "Thank you for your trust",
    ),
    (
        "second_order_discount", "order_confirmation.next", known("device", "new_buyer"), basket(),
        "5 percent off your second order",
    ),
    ("top_customer_welcome", "checkout.welcome", member(9, "high_value"), {}, "Welcome back"),
    (
        "tier_upgrade", "order_confirmation.loyalty", member(960), basket(),
        "With this order you are gold",
    ),
    (
        "loyalty_status", "checkout.loyalty", member(1), basket(),
        "Your tier is member, with 1 point",
    ),
    (
        "loyalty_status_top", "order_confirmation.loyalty", member(12_000), basket(),
        "Your tier is platinum, with 12,000 points",
    ),
    ("loyalty_start", "checkout.loyalty", member(0), basket(), "Your tier is member"),
    (
        "loyalty_start", "checkout.loyalty", member(-7, loyalty_tier="silver"), basket(),
        "Your tier is silver",
    ),
    (
        "points_of_this_order", "checkout.summary", member(5), basket(),
        "You earn 48 points with this order",
    ),
    ("priority_contact", "checkout.service", member(5, "high_value"), {}, "We are here for you"),
    (
        "top_customer_thanks", "order_confirmation.thanks", member(5, "high_value"), {},
        "Thank you once again",
    ),
    (
        "frequent_buyer_discount", "cart.discount", known("verified", "frequent_buyer"), {},
        "10 percent off, because you shop with us so often",
    ),
    (
        "priority_shipping", "checkout.delivery", known("verified", "frequent_buyer"), basket(),
        "Your parcel goes first",
    ),
    (
        "early_access", "cart.upsell", member(1_200, "gold_and_recent"), {},
        "The new collection, a week before everybody else",
    ),
    ("delivery_is_free", "cart.delivery", STRANGER, basket(5_000), "Delivery is free"),
    (
        "nearly_free_delivery", "checkout.delivery", STRANGER, basket(4_999),
        "$0.01 more, and delivery is free",
    ),
    (
        "scarce_article", "checkout.summary", STRANGER, basket(stock={"watch-5": 2}),
        "Tempo 5: only 2 left",
    ),
    (
        "low_stock", "cart.summary", STRANGER, {"items": [COFFEE], "stock": {"beans-1": 1}},
        "Only 1 left of an article in your basket",
    ),
    (
        "reviews", "checkout.summary", STRANGER, basket(rating=4.6, review_count=1_204),
        "4.6 of 5 stars in 1,204 reviews",
    ),
    (
        "watch_warranty", "checkout.extras", STRANGER, basket(24_900),
        "Two more years of warranty for your watch",
    ),
    ("watch_strap", "cart.upsell", STRANGER, basket(), "A second strap for your Tempo 5"),
    (
        "strap_afterwards", "order_confirmation.extras", STRANGER, basket(),
        "Because you bought Tempo 5: a second strap",
    ),
    (
        "subscription", "order_confirmation.next", GUEST, {"items": [COFFEE]},
        "Never run out of coffee",
    ),
    (
        "mobile_wallet", "checkout.payment", STRANGER, {"device": "mobile"},
        "Pay with your phone's wallet",
    ),
    (
        "referred_welcome", "checkout.welcome", STRANGER, {"referrer": "running-club.example"},
        "Welcome, friend of running-club.example",
    ),
    ("cart_kept", "checkout.welcome", known("device", "abandoned_cart"), {}, "Welcome back"),
]  # fmt: skip


def blocks_of(place: str, shopper: Shopper, context: dict[str, Any]) -> list[Block]:
    placement, _, slot = place.partition(".")
    request = DecisionRequest(placement, context=context)
    return list(decide(request, shopper, CATALOGUE, 0, "d-1").slots[slot])


@pytest.mark.parametrize(("offer", "place", "shopper", "context", "title"), STORIES)
def test_each_shipped_offer_is_shown_to_whom_it_is_for(
    offer: str, place: str, shopper: Shopper, context: dict[str, Any], title: str
) -> None:
    titles = {
        block.offer_id: block.content["title"] for block in blocks_of(place, shopper, context)
    }
    assert titles.get(offer) == title


def test_no_shipped_offer_is_without_a_story() -> None:
    assert {offer for offer, *_ in STORIES} == OFFERS


@pytest.mark.parametrize(("points", "stock"), [(0, 0), (-3, 0), (-2_000, 4)])
def test_nobody_is_told_of_nothing(points: int, stock: int) -> None:
    context = basket(99, stock={"watch-5": stock}, rating=0.0, review_count=0)
    for placement in CATALOGUE.placements:
        request = DecisionRequest(placement, context=context)
        decision = decide(request, member(points), CATALOGUE, 0, "d-1")
        for blocks in decision.slots.values():
            assert not any(
                word in f" {block.content}" for block in blocks for word in (" 0 ", "-3", "-2,000")
            )


def test_who_has_everything_in_the_cart_is_shown_two_reasons_and_two_articles() -> None:
    context = basket(24_900, stock={"watch-5": 3}, rating=4.5, review_count=10)
    assert [block.offer_id for block in blocks_of("cart.summary", STRANGER, context)] == [
        "scarce_article", "reviews",
    ]  # fmt: skip
    assert [block.offer_id for block in blocks_of("cart.upsell", STRANGER, context)] == [
        "watch_warranty", "watch_strap",
    ]  # fmt: skip


def test_a_bad_or_thin_rating_is_no_argument() -> None:
    for rating, count in ((3.9, 500), (5.0, 9)):
        (block,) = blocks_of(
            "checkout.summary", STRANGER, basket(rating=rating, review_count=count)
        )
        assert block.offer_id is None


def test_an_article_that_is_sold_out_is_not_said_to_be_scarce() -> None:
    other = {"sku": "sock-1", "quantity": 1}
    context = {"items": [WATCH, other], "stock": {"watch-5": 0, "sock-1": 50}}
    (block,) = blocks_of("checkout.summary", STRANGER, context)
    assert block.offer_id is None


@given(
    st.sampled_from(sorted(CATALOGUE.placements)),
    st.sampled_from([{}, basket(), basket(24_900, stock={"watch-5": 1}, device="mobile")]),
    st.frozensets(st.sampled_from(["high_value", "frequent_buyer", "new_buyer", "abandoned_cart"])),
)
def test_only_a_shopper_who_has_signed_in_is_shown_what_is_hers(
    placement: str, context: dict[str, Any], segments: frozenset[str]
) -> None:
    shopper = replace(member(1_200, loyalty_tier="gold", first_name="Grace"), segments=segments)
    for assurance in ("none", "claimed", "device"):
        unsure = replace(shopper, assurance=assurance)
        request = DecisionRequest(placement, context=context)
        decision = decide(request, unsure, CATALOGUE, 0, "d-1")
        text = str([block.content for blocks in decision.slots.values() for block in blocks])
        assert not any(word in text for word in ("1200", "1,200", "gold", "Grace", "REGULAR10"))


def test_a_guest_is_never_asked_for_an_account_before_the_order() -> None:
    for shopper in (STRANGER, GUEST, known("device", "returning_one_time_buyer"), member(5)):
        (block,) = blocks_of("checkout.account", shopper, basket())
        assert block.content["guest_checkout"] is True
