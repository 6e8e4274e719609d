"""The evaluator's version: it grows whenever other blocks come of the same inputs."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from itertools import product
from typing import Any

from chassis import parse_instant
from services.offers.configuration import read_catalogue
from services.offers.domain.decision import decide
from services.offers.domain.log_entry import EVALUATOR
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper

# Fixed, whatever ships: all that offers can ask and show.
CATALOGUE = read_catalogue("""
loyalty:
  tiers: [{name: member, threshold: 0}, {name: gold, threshold: 1000}, {name: top, threshold: 2500}]
  earn: {USD: {points: 1, per: 100}, EUR: {points: 2, per: 150}}
placements:
  checkout:
    slots:
      one: {fallback: {title: One}}
      two: {fallback: {title: Two, list: [1, {a: b}]}}
offers:
  - {id: status, version: 2, slots: [checkout.one], priority: 40, requires: verified,
     content: {title: "{points} points, {tier}", more: "{points_to_next_tier}",
               next: "{next_tier}"}}
  - {id: earn, version: 1, slots: [checkout.one, checkout.two], priority: 30, requires: any,
     when: 'basket_value("USD") >= 10 and not identified', content: {points: "{points_to_earn}"}}
  - {id: adult, version: 1, slots: [checkout.two], priority: 30, requires: device,
     when: 'traits.age >= 18 or has_consent("email") and loyalty_points() > 100',
     content: {title: Adult}}
  - {id: watch, version: 1, slots: [checkout.two], priority: 20, requires: any, sku: S-1,
     when: '"running watch" in context.categories and context.item_count > 1',
     content: {title: "From {referrer}"}}
  - {id: kept, version: 3, slots: [checkout.two, checkout.one], priority: 20, requires: device,
     when: '"abandoned_cart" in segments and assurance != "none"', content: {title: Kept}}
  - {id: mobile, version: 1, slots: [checkout.one], priority: 5, requires: any,
     when: 'context.device == "mobile" or "first_time_visitor" in segments', content: {title: New}}
""")
NOW = parse_instant("2026-11-27T12:00:00Z")

TRAITS: list[dict[str, Any]] = [
    {},
    {"loyalty_tier": "gold"},
    {"loyalty_enrolled": True, "age": 18},
    {"loyalty_enrolled": True, "loyalty_tier": " "},
]
SHOPPERS = [
    Shopper(profile, assurance, frozenset(segments), traits, {"email": consent}, points)
    for (profile, assurance), segments, traits, (consent, points) in product(
        [(None, "none"), (None, "claimed"), ("p-1", "device"), ("p-1", "verified")],
        [["first_time_visitor"], ["high_value", "abandoned_cart"], []],
        TRAITS,
        [(True, 0), (False, 999), (False, 2500), (True, -5)],
    )
]
SHOPPERS += [replace(each, consent={"preferences": False}) for each in SHOPPERS[-4:]]
CONTEXTS: list[dict[str, Any]] = [
    {},
    {"value": 4_999, "currency": "USD", "device": "mobile", "stock": {"S-1": 0}},
    {"value": 5_000, "currency": "EUR", "referrer": "club.example", "stock": {"S-1": 1},
     "items": [{"sku": "S-1", "category": "running watch", "quantity": 2}]},
]  # fmt: skip

DIGESTS = {
    1: "abafc947b8645e5f",
    2: "381c00b81e8098c8",
    3: "43f20ed55f1e4edf",
    4: "0cff03e6b76b3773",
}


def test_other_blocks_come_of_the_same_inputs_with_another_version_alone() -> None:
    """If this fails, raise EVALUATOR and add the digest of the new version."""
    decisions = [
        decide(DecisionRequest("checkout", context=context), shopper, CATALOGUE, NOW, "d-1")
        for shopper, context in product(SHOPPERS, CONTEXTS)
    ]
    blocks = [block.to_wire() for decision in decisions for (block,) in decision.slots.values()]
    assert {block["offer_id"] for block in blocks} == {
        None, "status", "earn", "adult", "watch", "kept", "mobile",
    }  # fmt: skip
    digest = hashlib.sha256(json.dumps(blocks, sort_keys=True).encode()).hexdigest()[:16]
    assert digest == DIGESTS[EVALUATOR]
