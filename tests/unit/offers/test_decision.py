"""Decisions, without anything around them."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis import InvalidInput
from chassis.validation import load
from contracts.decisions import OfferDecided
from contracts.offers import DecideResponse
from rules import Situation
from services.offers.configuration import load_catalogue, read_catalogue
from services.offers.domain.catalogue import REQUIREMENTS
from services.offers.domain.decision import Decision, decide, fall_back, outcome
from services.offers.domain.log_entry import log_entry, replay, replay_trace
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import Trace, trace

NOW = 1_795_289_400_000_000
CATALOGUE = load_catalogue()
RESPONSE = DecideResponse()

TWO = """\
loyalty:
  tiers: [{name: member, threshold: 0}, {name: gold, threshold: 1000}]
  earn: {USD: {points: 2, per: 100}}
placements:
  checkout:
    slots:
      banner: {fallback: {title: Nothing special}}
offers:
  - {id: first, version: 1, slots: [checkout.banner], priority: 20, requires: any,
     when: context.device == "mobile", content: {title: First}}
  - {id: second, version: 4, slots: [checkout.banner], priority: 10, requires: any,
     content: {title: Second}}
"""


@dataclass(frozen=True)
class Banner:
    """A decision about the slot `banner`, and the trace of it."""

    decision: Decision
    trace: Trace


def banner(text: str, shopper: Shopper | None = None, **context: Any) -> Banner:
    catalogue, whom = read_catalogue(text), shopper or Shopper()
    decision = decide(DecisionRequest("checkout", context=context), whom, catalogue, NOW, "d-1")
    return Banner(decision, trace("checkout", context, whom, catalogue, NOW))


def title(banner: Banner) -> Any:
    (block,) = banner.decision.slots["banner"]
    return block.content["title"]


def why(banner: Banner, offer_id: str) -> str:
    (offer,) = [offer for offer in banner.trace["banner"] if offer.offer_id == offer_id]
    return "; ".join(offer.why)


def test_the_eligible_offer_of_the_highest_priority_wins() -> None:
    assert title(banner(TWO, device="mobile")) == "First"


def test_an_offer_whose_rule_does_not_hold_gives_way_to_the_next() -> None:
    decision = banner(TWO, device="desktop")
    assert title(decision) == "Second"
    assert why(decision, "first") == 'false: context.device == "mobile" ("desktop")'


def test_the_trace_names_who_outranked_an_eligible_offer() -> None:
    assert "outranked by first" in why(banner(TWO, device="mobile"), "second")


def test_offers_of_equal_priority_go_by_their_ids() -> None:
    assert title(banner(TWO.replace("priority: 10", "priority: 20"), device="mobile")) == "First"
    swapped = TWO.replace("priority: 10", "priority: 20").replace("id: second", "id: another")
    assert title(banner(swapped, device="mobile")) == "Second"


def test_a_slot_without_an_eligible_offer_shows_its_fallback_block() -> None:
    none = TWO[: TWO.index("  - {id: second")]
    decision = banner(none, device="desktop").decision
    (block,) = decision.slots["banner"]
    assert (block.offer_id, block.variant, block.content) == (
        None, "fallback", {"title": "Nothing special"},
    )  # fmt: skip
    assert decision.reasons == ("fallback:banner",)


def test_an_offer_out_of_stock_is_not_made() -> None:
    text = TWO.replace("requires: any,\n     content", "requires: any, sku: S-1,\n     content")
    assert title(banner(text, stock={"S-1": 0})) == "Nothing special"
    assert title(banner(text, stock={"S-1": 1})) == "Second"
    assert title(banner(text, stock={})) == "Second"


def test_content_for_which_something_is_not_known_is_not_shown() -> None:
    text = TWO.replace("title: Second", 'title: "{points_to_earn} points"')
    decision = banner(text, value=5000, currency="JPY")
    assert title(decision) == "Nothing special"
    assert "{points_to_earn}, which is not known" in why(decision, "second")
    assert title(banner(text, value=5099, currency="USD")) == "100 points"


def test_a_text_that_is_one_placeholder_becomes_a_number() -> None:
    text = TWO.replace("title: Second", 'title: "{points_to_earn}"')
    assert title(banner(text, value=5000, currency="USD")) == 100


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    text = TWO.replace("title: Second", 'title: "from {referrer}"')
    assert title(banner(text, referrer="{points}")) == "from {points}"


@pytest.mark.parametrize("assurance", ["none", "claimed", "device", "verified"])
@pytest.mark.parametrize("requires", REQUIREMENTS)
def test_an_offer_is_made_to_those_recognised_as_surely_as_it_requires(
    assurance: str, requires: str
) -> None:
    text = TWO.replace("priority: 10, requires: any", f"priority: 10, requires: {requires}")
    decision = banner(text, Shopper(assurance=assurance))
    enough = {"any": ["none", "claimed", "device", "verified"], "device": ["device", "verified"],
              "verified": ["verified"]}[requires]  # fmt: skip
    assert (title(decision) == "Second") == (assurance in enough)
    if assurance not in enough:
        assert why(decision, "second") == (
            f"requires {requires}, the shopper's assurance is {assurance}"
        )


STATUS = TWO.replace(
    "requires: any,\n     content: {title: Second}",
    """requires: verified,
     content: {title: "{tier} {points}, {points_to_next_tier} to {next_tier}"}""",
)


def loyal(points: int, **traits: Any) -> Shopper:
    return Shopper("p-1", "verified", frozenset(), traits, {}, points)


def test_the_tier_that_the_shop_told_goes_before_that_of_the_points() -> None:
    assert title(banner(STATUS, loyal(700, loyalty_tier="Member"))) == "member 700, 300 to gold"


def test_nobody_is_told_that_nothing_is_missing_to_a_tier() -> None:
    for points in (1000, 2000):
        late = banner(STATUS, loyal(points, loyalty_tier="Member"))
        assert title(late) == "Nothing special"
        assert "{points_to_next_tier}" in why(late, "second")
    platinum = STATUS.replace(
        "threshold: 1000}]", "threshold: 1000}, {name: top, threshold: 3000}]"
    )
    assert title(banner(platinum, loyal(2000, loyalty_tier="Member"))) == "member 2000, 1000 to top"


def test_without_a_told_tier_that_of_the_points_counts() -> None:
    assert title(banner(STATUS, loyal(400, loyalty_enrolled=True))) == "member 400, 600 to gold"


def test_nobody_is_shown_a_tier_that_the_programme_lacks() -> None:
    decision = banner(STATUS, loyal(400, loyalty_tier="diamond"))
    assert title(decision) == "Nothing special"
    assert "{tier}" in why(decision, "second")


def test_who_is_not_enrolled_has_no_tier_and_no_points() -> None:
    assert title(banner(STATUS, loyal(400))) == "Nothing special"


def test_an_unknown_placement_is_refused() -> None:
    with pytest.raises(InvalidInput):
        decide(DecisionRequest("basement"), Shopper(), CATALOGUE, NOW, "d-1")


def test_a_decision_from_nothing_answers_every_slot_and_says_why() -> None:
    decision = fall_back(DecisionRequest("checkout"), CATALOGUE, NOW, "d-1", "overloaded")
    load(RESPONSE, decision.to_wire())
    assert set(decision.slots) == set(CATALOGUE.placements["checkout"])
    assert {block.variant for (block,) in decision.slots.values()} == {"fallback"}
    assert decision.degraded == ("overloaded",)


# Whatever is asked, of whomever.

plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
contexts = st.fixed_dictionaries(
    {},
    optional={
        "items": st.lists(
            st.fixed_dictionaries(
                {"sku": st.text(max_size=5), "quantity": st.integers(1, 9)},
                optional={"category": st.sampled_from(["running watch", "kitchen", ""])},
            ),
            max_size=3,
        ),
        "value": st.integers(0, 10**15),
        "currency": st.sampled_from(["USD", "JPY"]),
        "device": st.sampled_from(["mobile", "desktop", "{tier}"]),
        "referrer": st.sampled_from(["running-club.example", None]),
        "language": st.text(max_size=5),
        "stock": st.dictionaries(
            st.sampled_from(["strap-sport", "x"]), st.integers(0, 2), max_size=2
        ),
    },
)
shoppers = st.builds(
    Shopper,
    profile_id=st.none() | st.just("p-1"),
    assurance=st.sampled_from(["none", "claimed", "device", "verified"]),
    segments=st.frozensets(
        st.sampled_from(
            ["first_time_visitor", "returning_one_time_buyer", "high_value", "abandoned_cart"]
        )
    ),
    traits=st.dictionaries(
        st.sampled_from(["loyalty_tier", "loyalty_enrolled", "first_name"]), plain, max_size=3
    )
    | st.just({"loyalty_tier": "gold"}),
    consent=st.dictionaries(st.text(max_size=5), st.booleans(), max_size=2),
    points=st.integers(-(10**6), 10**6),
)
requests = st.builds(
    DecisionRequest, placement=st.sampled_from(sorted(CATALOGUE.placements)), context=contexts
)


@given(requests, shoppers)
def test_whatever_is_asked_every_slot_is_answered_and_the_same_each_time(
    request_: DecisionRequest, shopper: Shopper
) -> None:
    decision = decide(request_, shopper, CATALOGUE, NOW, "d-1")
    slots = CATALOGUE.placements[request_.placement]
    assert set(decision.slots) == set(slots)
    assert all(1 <= len(blocks) <= slots[name].blocks for name, blocks in decision.slots.items())
    assert decision == decide(request_, shopper, CATALOGUE, NOW, "d-1")
    load(RESPONSE, decision.to_wire(), max_bytes=10**6)


@given(requests, shoppers)
def test_a_decision_is_made_again_from_its_log_entry_and_its_catalogue(
    request_: DecisionRequest, shopper: Shopper
) -> None:
    decision = decide(request_, shopper, CATALOGUE, NOW, "d-1")
    reads = CATALOGUE.reads[request_.placement]
    entry = json.loads(json.dumps(log_entry(request_, ["k"], shopper, decision, reads)))
    assert replay(entry, CATALOGUE) == decision.slots
    assert replay_trace(entry, CATALOGUE) == trace(
        request_.placement, request_.context, shopper, CATALOGUE, NOW
    )


@given(requests, shoppers)
def test_the_trace_chooses_what_was_decided(request_: DecisionRequest, shopper: Shopper) -> None:
    decision = decide(request_, shopper, CATALOGUE, NOW, "d-1")
    offers = trace(request_.placement, request_.context, shopper, CATALOGUE, NOW)
    for name, blocks in decision.slots.items():
        assert [offer.offer_id for offer in offers[name] if offer.chosen] == [
            block.offer_id for block in blocks if block.offer_id
        ]


def test_of_a_shopper_only_what_offers_read_is_logged() -> None:
    shopper = Shopper(
        "p-1", "verified", frozenset({"high_value", "of_no_offer"}),
        {"loyalty_tier": "gold", "first_name": "Grace"}, {"email": True, "ads": True}, 7,
    )  # fmt: skip
    request = DecisionRequest("checkout")
    decision = decide(request, shopper, CATALOGUE, NOW, "d-1")
    entry = log_entry(request, [], shopper, decision, CATALOGUE.reads["checkout"])
    assert entry["shopper"] == {
        "segments": ["high_value"], "traits": {"loyalty_tier": "gold"}, "consent": {}, "points": 7,
    }  # fmt: skip
    assert "Grace" not in json.dumps(entry)
    load(OfferDecided(), entry)


def test_of_a_trait_with_parts_only_those_that_offers_read_are_logged() -> None:
    rule = 'traits.address.city == "Riga" and traits.size.shoe.eu == 43 and traits.size.hat == None'
    catalogue = read_catalogue(TWO.replace('context.device == "mobile"', rule))
    address = {"city": "Riga", "street": "Brivibas 1"}
    shopper = Shopper("p-1", "device", traits={"address": address, "size": {"shoe": {"eu": 43}}})
    request = DecisionRequest("checkout")
    decision = decide(request, shopper, catalogue, NOW, "d-1")
    entry = log_entry(request, [], shopper, decision, catalogue.reads["checkout"])
    assert entry["shopper"]["traits"] == {
        "address": {"city": "Riga"}, "size": {"shoe": {"eu": 43}},
    }  # fmt: skip
    assert replay(entry, catalogue) == decision.slots
    (block,) = decision.slots["banner"]
    assert block.offer_id == "first"
    whole = read_catalogue(
        TWO.replace("context.device", "traits.address != None and traits.address.city")
    )
    entry = log_entry(request, [], shopper, decision, whole.reads["checkout"])
    assert entry["shopper"]["traits"] == {"address": address}


@given(requests, shoppers)
def test_no_ineligible_offer_is_ever_shown(request_: DecisionRequest, shopper: Shopper) -> None:
    decision = decide(request_, shopper, CATALOGUE, NOW, "d-1")
    situation = Situation(
        shopper.traits, shopper.segments, request_.context, shopper.profile_id is not None,
        shopper.assurance, shopper.consent, shopper.points,
    )  # fmt: skip
    sure = {"none": 0, "claimed": 0, "device": 1, "verified": 2}[shopper.assurance]
    blocks_of = ((name, block) for name, blocks in decision.slots.items() for block in blocks)
    for name, block in blocks_of:
        if block.offer_id is None:
            continue
        offers = CATALOGUE.placements[request_.placement][name].offers
        (offer,) = [offer for offer in offers if offer.id == block.offer_id]
        assert sure >= ["any", "device", "verified"].index(offer.requires)
        assert offer.rule is None or offer.rule.evaluate(situation, NOW).value
        assert "{" not in str(block.content.get("title"))


@given(requests, shoppers)
def test_personal_content_is_shown_to_verified_shoppers_only(
    request_: DecisionRequest, shopper: Shopper
) -> None:
    unsure = replace(shopper, assurance="claimed")
    decision = decide(request_, unsure, CATALOGUE, NOW, "d-1")
    for block in (block for blocks in decision.slots.values() for block in blocks):
        assert block.offer_id not in {"loyalty_status", "loyalty_status_top", "priority_contact"}


def test_a_decision_counts_by_its_gravest_code() -> None:
    assert outcome(()) == "ok"
    assert outcome(("events_lagging",)) == "events_lagging"
    assert outcome(("events_lagging", "events_halted")) == "events_halted"
    assert outcome(("events_lagging", "decision_not_logged")) == "decision_not_logged"
    assert outcome(("overloaded", "decision_not_logged")) == "overloaded"
    assert outcome(("events_lagging", "of a later release")) == "of a later release"
