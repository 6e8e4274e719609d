"""A shopper who has refused personalization, and one of whom there is only a claim."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.offers.configuration import load_catalogue, read_catalogue
from services.offers.domain.decision import decide
from services.offers.domain.log_entry import log_entry, replay, replay_trace
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.trace import trace

CATALOGUE = load_catalogue()
WATCH: dict[str, Any] = {
    "items": [{"sku": "watch-run-5", "category": "running watch", "quantity": 1}],
    "value": 24_900, "currency": "USD", "device": "mobile", "stock": {"watch-run-5": 2},
}  # fmt: skip
KNOWN = Shopper(
    "p-3", "verified", frozenset({"high_value", "frequent_buyer", "abandoned_cart"}),
    {"loyalty_tier": "gold", "loyalty_enrolled": True, "first_name": "Grace"},
    {"email": True}, 1_175, {"p-3": 7}, 4,
)  # fmt: skip

shoppers = st.builds(
    replace,
    st.just(KNOWN),
    assurance=st.sampled_from(["device", "verified"]),
    points=st.integers(-10, 3_000),
    segments=st.frozensets(st.sampled_from(["high_value", "abandoned_cart", "frequent_buyer"])),
)
contexts = st.sampled_from([{}, WATCH, {**WATCH, "value": 900}])
placements = st.sampled_from(sorted(CATALOGUE.placements))


def refusing(shopper: Shopper, purpose: str = "personalization") -> Shopper:
    return replace(shopper, consent={**shopper.consent, purpose: False})


@pytest.mark.parametrize("purpose", ["personalization", "personalisation", "preferences"])
@given(shoppers, contexts, placements)
def test_the_context_alone_decides_where_personalization_is_refused(
    purpose: str, shopper: Shopper, context: dict[str, Any], placement: str
) -> None:
    request = DecisionRequest(placement, context=context)
    refused = decide(request, refusing(shopper, purpose), CATALOGUE, 0, "d-1")
    stranger = decide(request, Shopper(), CATALOGUE, 0, "d-1")
    assert refused.slots == stranger.slots
    assert "personalization_refused" in refused.reasons
    assert (refused.profile_id, refused.assurance) == ("p-3", shopper.assurance)


@given(shoppers, contexts, placements)
def test_such_a_decision_is_made_again_from_its_log_which_tells_nothing_of_the_shopper(
    shopper: Shopper, context: dict[str, Any], placement: str
) -> None:
    request, whom = DecisionRequest(placement, context=context), refusing(shopper)
    decision = decide(request, whom, CATALOGUE, 0, "d-1")
    entry = log_entry(request, [], whom, decision, CATALOGUE.reads[placement])
    assert entry["shopper"]["traits"] == {}
    assert entry["shopper"]["points"] == 0
    assert "high_value" not in entry["shopper"]["segments"]
    assert replay(entry, CATALOGUE) == decision.slots
    assert replay_trace(entry, CATALOGUE) == trace(placement, context, whom, CATALOGUE, 0)


def test_consent_that_was_given_or_never_asked_for_changes_nothing() -> None:
    request = DecisionRequest("checkout", context=WATCH)
    asked = replace(KNOWN, consent={"personalization": True})
    plain = decide(request, KNOWN, CATALOGUE, 0, "d-1")
    assert decide(request, asked, CATALOGUE, 0, "d-1").slots == plain.slots
    assert "personalization_refused" not in plain.reasons


def test_rules_cannot_see_a_shopper_who_refuses() -> None:
    catalogue = read_catalogue("""\
placements: {checkout: {slots: {one: {fallback: {title: A}}}}}
offers:
  - {id: known, version: 1, slots: [checkout.one], priority: 2, requires: any,
     when: 'identified or assurance != "none" or "frequent_buyer" in segments
       or has_consent("email") or loyalty_points() > 0 or traits.first_name == "Grace"',
     content: {title: B}}
""")
    request = DecisionRequest("checkout")
    for shopper, expected in ((KNOWN, "known"), (refusing(KNOWN), None)):
        (block,) = decide(request, shopper, catalogue, 0, "d-1").slots["one"]
        assert block.offer_id == expected


@given(contexts, placements)
def test_what_is_claimed_sees_what_everybody_sees(context: dict[str, Any], placement: str) -> None:
    request = DecisionRequest(placement, context=context)
    claimed = Shopper(assurance="claimed", reasons=("claimed_account",))
    answer = decide(request, claimed, CATALOGUE, 0, "d-1")
    stranger = decide(request, Shopper(), CATALOGUE, 0, "d-1")
    assert answer.slots == stranger.slots
    assert answer.reasons[0] == "claimed_account"
