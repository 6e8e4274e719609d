"""Rankings: by a formula or by a bandit, as offers.yaml says, and made again from the log."""

from __future__ import annotations

import json
import random
import re
from collections import Counter
from typing import Any

import pytest

from chassis import InvalidInput
from contracts.decisions import OfferDecided
from services.offers.configuration import read_catalogue
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.catalogue_changes import offer_changes, slot_changes
from services.offers.domain.decision import Decision, decide
from services.offers.domain.draws import ChanceDraws
from services.offers.domain.log_entry import log_entry, replay, replay_trace
from services.offers.domain.replay import ReplayCount
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper
from services.offers.domain.statistics import CellCount, OutcomeCount, Statistics

NOW = 1_795_289_400_000_000
CELL = "category=none|basket=none|device=mobile|referral=none"
CATALOGUE = """\
placements:
  checkout:
    slots:
      extras:
        ranking: %s
        blocks: %s
        fallback: {title: Free returns}
offers:
  - {id: lamp, version: 1, slots: [checkout.extras], priority: 30, requires: any,
     content: {title: Lamp}, numbers: {margin: 2}}
  - {id: tent, version: 1, slots: [checkout.extras], priority: 20, requires: any,
     content: {title: Tent}, numbers: {margin: 9.5}, group: big}
  - {id: bike, version: 1, slots: [checkout.extras], priority: 10, requires: any,
     content: {title: Bike}, numbers: {margin: 9.5}, group: big,
     when: 'not (context.device == "tablet")'}
"""
THOMPSON = "{bandit: {method: thompson}}"


def catalogue(ranking: str, blocks: int = 1) -> Catalogue:
    return read_catalogue(CATALOGUE % (ranking, blocks))


def request(**context: Any) -> DecisionRequest:
    return DecisionRequest("checkout", context=context)


def statistics(**rates: tuple[int, int]) -> Statistics:
    known = Statistics()
    known.put(
        CellCount("checkout.extras", offer_id, CELL, OutcomeCount(views, 0, conversions))
        for offer_id, (views, conversions) in rates.items()
    )
    return known


def decided(
    offers: Catalogue,
    known: Statistics | None = None,
    chance: float | None = None,
    shopper: Shopper | None = None,
    **context: Any,
) -> Decision:
    asked = request(**context)
    draws = ChanceDraws(
        "checkout",
        asked.context,
        known or Statistics(),
        random.random if chance is None else lambda: chance,
    )
    return decide(asked, shopper or Shopper(), offers, NOW, "d-1", draws)


def entry_of(decision: Decision, offers: Catalogue, **context: Any) -> dict[str, Any]:
    """The entry of the log, as it comes back from the database."""
    reads = offers.reads["checkout"]
    entry = log_entry(request(**context), [], Shopper(), decision, reads)
    OfferDecided().load(entry)
    plain: dict[str, Any] = json.loads(json.dumps(entry))
    return plain


def ids(decision: Decision) -> list[str | None]:
    return [block.offer_id for block in decision.slots["extras"]]


def test_without_a_ranking_priority_decides() -> None:
    assert ids(decided(catalogue("priority"))) == ["lamp"]
    assert decided(catalogue("priority")).rankings == {}


@pytest.mark.parametrize(
    ("formula", "winner"),
    [
        ("offer.margin + 0 * priority", "tent"),  # ties go by priority
        ("0 - offer.margin", "lamp"),
        ('offer.margin * (context.device == "mobile") + priority', "lamp"),
        ("loyalty_points() * offer.margin - priority", "bike"),
        ("traits.missing * offer.margin", "lamp"),
    ],
)
def test_a_formula_ranks_by_what_the_offer_and_the_request_are(formula: str, winner: str) -> None:
    offers = catalogue(json.dumps({"formula": formula}))
    decision = decided(offers, shopper=Shopper(points=10), device="mobile")
    assert ids(decision) == [winner]


@pytest.mark.parametrize(
    ("formula", "score", "value"),
    [
        ("traits.score * 1000", 1e308, "about 1.000e+311"),
        ("traits.score * 1000", -1e308, "about -1.000e+311"),
        ("traits.score / 3", 1, "0.3333"),
        ("traits.score * 2", 4, "8"),
        ("basket_value('EUR') + basket_value('EUR')", 4, "10.00 EUR"),
        ("traits.score * 2", "many", "no value"),
    ],
)
def test_the_value_of_a_formula_is_told_however_large_it_is(
    formula: str, score: object, value: str
) -> None:
    offers = catalogue(json.dumps({"formula": formula}))
    shopper = Shopper("p-1", "device", traits={"score": score})
    decision = decided(offers, shopper=shopper, value=500, currency="EUR")
    entry = log_entry(request(value=500, currency="EUR"), [], shopper, decision,
                      offers.reads["checkout"])  # fmt: skip
    for offer in replay_trace(entry, offers)["extras"]:
        assert offer.why[-1] == f"ranked by {formula}: {value}"


def test_a_formula_is_evaluated_again_from_the_log() -> None:
    offers = catalogue('{formula: "loyalty_points() * offer.margin - priority"}', blocks=2)
    shopper = Shopper("p-1", "device", points=10)
    decision = decided(offers, shopper=shopper)
    entry = log_entry(request(), [], shopper, decision, offers.reads["checkout"])
    assert entry["shopper"]["points"] == 10
    assert replay(entry, offers) == decision.slots
    lamp, tent, bike = replay_trace(entry, offers)["extras"]
    assert bike.chosen
    assert bike.why[-1] == "ranked by loyalty_points() * offer.margin - priority: 85"
    assert (tent.chosen, tent.eligible) == (False, True)
    assert lamp.chosen  # tent is of the same group as bike


def test_a_bandit_shows_what_has_succeeded_more_often() -> None:
    offers = catalogue(THOMPSON)
    known = statistics(lamp=(1_000, 20), tent=(1_000, 100), bike=(1_000, 30))
    winners = Counter(ids(decided(offers, known, device="mobile"))[0] for _ in range(50))
    assert winners["tent"] >= 48


def test_a_bandit_logs_its_candidates_and_how_probable_what_it_drew_was() -> None:
    offers = catalogue(THOMPSON)
    decision = decided(offers, chance=0.5, device="tablet")
    assert decision.rankings == {
        "extras": {
            "cell": CELL.replace("mobile", "tablet"),
            "candidates": ["lamp", "tent"],
            "picks": [{"offer_id": ids(decision)[0], "propensity": pytest.approx(0.5, abs=0.01)}],
        }
    }


def test_propensities_are_the_shares_of_what_is_drawn() -> None:
    offers = catalogue("{bandit: {method: igw, explore: 0.1}}")
    known = statistics(lamp=(200, 10), tent=(100, 9), bike=(30, 1))
    dice = random.Random(3)
    seen: Counter[str] = Counter()
    propensities: dict[str, float] = {}
    for _ in range(3_000):
        decision = decided(offers, known, chance=dice.random(), device="mobile")
        pick = decision.rankings["extras"]["picks"][0]
        seen[pick["offer_id"]] += 1
        propensities[pick["offer_id"]] = pick["propensity"]
    assert sum(propensities.values()) == pytest.approx(1)
    for offer_id, propensity in propensities.items():
        assert seen[offer_id] / 3_000 == pytest.approx(propensity, abs=0.03)


def test_nothing_is_shown_where_no_offer_reaches_the_floor() -> None:
    offers = catalogue("{bandit: {method: thompson, floor: 0.2}}")
    known = statistics(lamp=(900, 9), tent=(900, 9), bike=(900, 9))
    decision = decided(offers, known, device="mobile")
    assert ids(decision) == [None]
    assert "fallback:extras" in decision.reasons
    assert decision.rankings["extras"]["picks"] == [{"offer_id": None, "propensity": 1.0}]
    entry = entry_of(decision, offers, device="mobile")
    assert replay(entry, offers) == decision.slots
    (lamp, *_) = replay_trace(entry, offers)["extras"]
    assert lamp.why[-1] == f"not drawn among lamp, tent, bike for {CELL}"


@pytest.mark.parametrize("method", ["thompson", "igw"])
def test_what_a_bandit_drew_is_an_input_of_the_replay(method: str) -> None:
    offers = catalogue(f"{{bandit: {{method: {method}, floor: 0.04}}}}", blocks=2)
    count = ReplayCount()
    for number in range(60):
        decision = decided(offers, device="mobile")
        drawn = [
            pick["offer_id"] for pick in decision.rankings["extras"]["picks"] if pick["offer_id"]
        ]
        assert ids(decision) == (drawn or [None])
        assert {"tent", "bike"} - set(drawn)  # they are of one group
        count.add(f"d-{number}", entry_of(decision, offers, device="mobile"), offers)
    assert (count.same, count.changes) == (60, [])


def test_the_trace_says_how_probable_the_draw_was() -> None:
    offers = catalogue(THOMPSON)
    decision = decided(offers, chance=0.0, device="mobile")
    trace = replay_trace(entry_of(decision, offers, device="mobile"), offers)["extras"]
    assert [offer.chosen for offer in trace] == [True, False, False]
    assert trace[0].why[-1].startswith("drawn with probability 0.33")


def test_another_catalogue_passes_over_what_was_drawn_and_is_no_candidate() -> None:
    offers = catalogue(THOMPSON)
    entry = entry_of(decided(offers, chance=0.0, device="mobile"), offers, device="mobile")
    without = read_catalogue(
        (CATALOGUE % (THOMPSON, 1)).replace("id: lamp, version: 1", "id: vase, version: 1")
    )
    assert replay(entry, without)["extras"][0].offer_id is None
    del entry["rankings"]
    assert replay(entry, without)["extras"][0].offer_id == "vase"


def test_a_check_says_that_a_ranking_changes_and_hides_nothing_behind_a_priority() -> None:
    before, after = catalogue("priority"), catalogue(THOMPSON)
    assert [change.slot for change in slot_changes(before, after)] == ["checkout.extras"]
    assert any(change.warnings for change in offer_changes(after, before))
    assert not any(change.warnings for change in offer_changes(before, after))


@pytest.mark.parametrize(
    ("ranking", "error"),
    [
        ("prioritty", "`prioritty` is not known here"),
        ("{}", "is `priority`, or has one of `formula` and `bandit`"),
        ("{formula: priority, bandit: {method: igw}}", "has one of `formula` and `bandit`"),
        ('{formula: "5"}', "a number alone is no formula"),
        ('{formula: "offer.profit"}', "formula refused for `lamp`: line 1, column 1: offer has no"),
        ("{bandit: {}}", "`method` is missing"),
        ("{bandit: {method: thomson}}", "`thomson` is not known here"),
        ("{bandit: {method: thompson, floor: 2}}", "a rate between 0 and 1, such as 0.01"),
        ("{bandit: {method: thompson, floor: yes}}", "a rate between 0 and 1, such as 0.01"),
        ("{bandit: {method: thompson, exploitation: 2}}", "is for `method: igw`; leave it out"),
        ("{bandit: {method: igw, success: bought}}", "`bought` is not known here"),
        ("{bandit: {method: igw, cells: [device, device]}}", "names one twice"),
        ("{bandit: {method: igw, cells: [device], baskets: {USD: [1]}}}", "has no `basket`"),
        ("{bandit: {method: igw, baskets: {USD: [500, 100]}}}", "the lowest first"),
        ("{bandit: {method: igw, baskets: {usd: [500]}}}", "is no ISO 4217 currency code"),
        ("{bandit: {method: igw, weight: 0}}", "a number of outcomes from 1"),
        ("{bandit: {method: igw, referrers: [www.Club.example]}}", "write `club.example`"),
        ("{bandit: {method: igw, referrers: ['https://a.example/b']}}", "write `a.example`"),
        ("{bandit: {method: igw, referrers: [newsletter]}}", "such as running-club.example"),
    ],
)
def test_a_wrong_ranking_is_refused_with_the_fix(ranking: str, error: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        catalogue(ranking)
    assert error in str(refused.value)


def test_a_formula_that_asks_for_a_number_which_no_offer_has_says_that_there_is_none() -> None:
    text = CATALOGUE % ('{formula: "offer.profit"}', 1)
    with pytest.raises(InvalidInput, match=r"offer has no profit; it has none$"):
        read_catalogue(re.sub(r", numbers: \{.*?\}", "", text))


def test_a_bandit_takes_all_its_settings_from_the_file() -> None:
    offers = catalogue(
        "{bandit: {method: igw, success: clicked, floor: 0.01, weight: 10, exploitation: 2,"
        " explore: 0.05, cells: [device, basket, referral], baskets: {USD: [5000, 10000]},"
        " referrers: [Running-Club.example]}}"
    )
    decision = decided(
        offers, device="mobile", value=7_000, currency="USD", referrer="running-club.example"
    )
    cell = decision.rankings["extras"]["cell"]
    assert cell == "device=mobile|basket=USD>=5000|referral=running-club.example"


@pytest.mark.parametrize("ranking", ["priority", '{formula: "0 - priority"}', THOMPSON])
def test_a_slot_with_room_shows_all_that_may_stand_together(ranking: str) -> None:
    offers = catalogue(ranking, blocks=3)
    decision = decided(offers, device="tablet")
    assert set(ids(decision)) == {"lamp", "tent"}
    trace = replay_trace(entry_of(decision, offers, device="tablet"), offers)["extras"]
    assert [(offer.chosen, offer.eligible) for offer in trace] == [
        (True, True),
        (True, True),
        (False, False),
    ]
    both = decided(offers, device="mobile")
    assert len(ids(both)) == 2
    trace = replay_trace(entry_of(both, offers, device="mobile"), offers)["extras"]
    (refused,) = (offer for offer in trace if not offer.chosen)
    assert "of the same group big, is shown already" in refused.why[-1]


def test_a_draw_that_is_not_in_the_log_goes_by_priority() -> None:
    offers = catalogue(THOMPSON)
    entry = entry_of(decided(offers, device="mobile"), offers, device="mobile")
    del entry["rankings"]
    lamp, *_ = replay_trace(entry, offers)["extras"]
    assert lamp.chosen
    assert lamp.why[-1] == "ranked by priority: nothing is known of a draw"
    assert ids(decide(request(), Shopper(), offers, NOW, "d-1")) == ["lamp"]


def test_another_catalogue_with_more_room_shows_no_more_than_was_drawn() -> None:
    offers = catalogue(THOMPSON)
    entry = entry_of(decided(offers, chance=0.0, device="mobile"), offers, device="mobile")
    assert [b.offer_id for b in replay(entry, catalogue(THOMPSON, 2))["extras"]] == ["lamp"]


def test_an_experiment_takes_its_offers_out_before_the_draw() -> None:
    text = (CATALOGUE % (THOMPSON, 1)) + (
        "experiments:\n  - id: trial\n    variants:\n"
        "      - {name: control, weight: 1, offers: [lamp]}\n"
        "      - {name: other, weight: 1, offers: [tent]}\n"
    )
    offers = read_catalogue(text)
    decision = decided(offers, device="mobile")
    assert decision.rankings["extras"]["candidates"] == ["lamp", "bike"]
    _, tent, _ = replay_trace(entry_of(decision, offers, device="mobile"), offers)["extras"]
    assert (tent.eligible, tent.chosen) == (False, False)


def test_what_was_drawn_against_all_odds_has_a_propensity_above_0() -> None:
    found = catalogue("{bandit: {method: igw, exploitation: 1000}}")
    known = statistics(lamp=(10**9, 1), tent=(10**9, 10**9 - 1), bike=(10**9, 1))
    draws = ChanceDraws("checkout", {"device": "mobile"}, known, lambda: 0.0)
    decision = decide(request(device="mobile"), Shopper(), found, NOW, "d", draws)
    (pick,) = decision.rankings["extras"]["picks"]
    assert pick["offer_id"] == "lamp"
    assert 0 < pick["propensity"] < 1e-6
