"""Experiments and holdouts: who takes part, what is shown, and what the log has of it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from chassis import InvalidInput, parse_instant
from identifiers import IdentifierTypes, accept, load_types
from services.offers.configuration import read_catalogue, read_file
from services.offers.domain.decision import Decision, decide
from services.offers.domain.experiments import Identified, Trials, assign, identified
from services.offers.domain.log_entry import log_entry, replay, replay_trace
from services.offers.domain.request import DecisionRequest
from services.offers.domain.shopper import Shopper

NOW = parse_instant("2026-11-27T12:00:00Z")
FILE = """
placements:
  checkout: {{slots: {{one: {{fallback: {{title: One}}}}, two: {{fallback: {{title: Two}}}}}}}}
  cart: {{slots: {{three: {{fallback: {{title: Three}}}}}}}}
offers:
  - {{id: plain, version: 1, slots: [checkout.one], priority: 50, requires: any,
     content: {{title: Plain}}}}
  - {{id: bold, version: 1, slots: [checkout.one], priority: 50, requires: any,
     content: {{title: Bold}}}}
  - {{id: low_stock, version: 1, slots: [checkout.two, cart.three], priority: 10, requires: any,
     content: {{title: Hurry}}}}
{trials}
"""
WORDING = """
experiments:
  - {id: wording, variants: [
      {name: control, weight: 1, offers: [plain]}, {name: bold, weight: 1, offers: [bold]}]}
"""
HOLDOUTS = """
holdouts:
  - {id: of_checkout, share: 50, placements: [checkout]}
  - {id: of_all, share: 50, seed: everywhere, exempt: [low_stock]}
"""


NOT_CAPPED: Mapping[str, str] = {}


def trials_of(text: str) -> Trials:
    return read_catalogue(FILE.format(trials=text)).trials


def device(value: str) -> Identified:
    return Identified({"device_id": value}, {"device_id": f"device_id:{value}"})


def decided(
    text: str, who: Identified, placement: str = "checkout", capped: Mapping[str, str] = NOT_CAPPED
) -> Decision:
    catalogue = read_catalogue(FILE.format(trials=text))
    offers = catalogue.offers_of(placement)
    assignments = assign(catalogue.trials, placement, offers, who, {})
    shopper = Shopper(assignments=assignments, capped=capped)
    return decide(DecisionRequest(placement), shopper, catalogue, NOW, "d-1")


def offers_in(decision: Decision) -> dict[str, str | None]:
    return {name: blocks[0].offer_id for name, blocks in decision.slots.items()}


def devices_by_variant(text: str, experiment: str) -> Mapping[str, Identified]:
    """A device in each variant."""
    trials, found = trials_of(text), dict[str, Identified]()
    for number in range(100):
        who = device(f"device-{number}")
        offers = frozenset({"plain", "bold", "low_stock"})
        for each in assign(trials, "checkout", offers, who, {}):
            if each.experiment == experiment:
                found.setdefault(each.variant, who)
    return found


def test_each_variant_shows_its_own_offers_and_is_named_in_the_answer() -> None:
    by_variant = devices_by_variant(WORDING, "wording")
    for variant, offer in (("control", "plain"), ("bold", "bold")):
        decision = decided(WORDING, by_variant[variant])
        assert offers_in(decision) == {"one": offer, "two": "low_stock"}
        assert decision.to_wire()["experiments"] == [
            {
                "experiment": "wording",
                "variant": variant,
                "hash_attribute": "device_id",
                "sticky": False,
                "slots": ["one"],
            }
        ]


def test_who_has_no_identifier_to_hash_sees_the_control_and_takes_no_part() -> None:
    decision = decided(WORDING, Identified())
    assert offers_in(decision)["one"] == "plain"
    assert decision.to_wire()["experiments"] == []


def test_without_experiments_an_answer_does_not_speak_of_them() -> None:
    decision = decided("", device("a"))
    assert "experiments" not in decision.to_wire()
    assert "experiments" not in decision.to_log()


def test_everybody_sees_the_winner_of_an_experiment_that_has_ended() -> None:
    ended = WORDING.replace("{id: wording,", "{id: wording, status: stopped, winner: bold,")
    decision = decided(ended, device("a"))
    assert offers_in(decision)["one"] == "bold"
    assert decision.to_wire()["experiments"] == []


def test_a_placement_without_offers_of_an_experiment_takes_no_part_in_it() -> None:
    assert decided(WORDING, device("a"), "cart").to_wire()["experiments"] == []


def test_who_is_held_out_sees_what_is_exempt_alone_and_is_in_no_experiment() -> None:
    text = HOLDOUTS + WORDING
    member = devices_by_variant(text, "of_all")["holdout"]
    decision = decided(text, member)
    assert offers_in(decision) == {"one": None, "two": "low_stock"}
    assert "holdout:of_all" in decision.reasons
    assert [each["experiment"] for each in decision.to_wire()["experiments"]] == ["of_all"]
    assert decision.to_wire()["experiments"][0]["slots"] == ["one", "two"]


def test_the_holdout_of_all_placements_goes_before_that_of_one() -> None:
    text = HOLDOUTS + WORDING
    member = devices_by_variant(text, "of_checkout")["holdout"]
    decision = decided(text, member)
    assert [(each.experiment, each.variant) for each, _ in decision.experiments or ()] == [
        ("of_all", "offers"),
        ("of_checkout", "holdout"),
    ]
    assert offers_in(decision) == {"one": None, "two": None}
    assert offers_in(decided(text, member, "cart")) == {"three": "low_stock"}


def test_an_earlier_exposure_goes_before_hashing() -> None:
    by_variant = devices_by_variant(WORDING, "wording")
    exposure = {"variant": "bold", "hash_attribute": "user_id", "key": "user_id:1"}
    offers = frozenset({"plain", "bold"})
    stored = {"wording": exposure}
    [sticky] = assign(trials_of(WORDING), "checkout", offers, by_variant["control"], stored)
    assert (sticky.variant, sticky.key, sticky.is_sticky) == ("bold", "user_id:1", True)
    gone = {"wording": {**exposure, "variant": "removed"}}
    [hashed] = assign(trials_of(WORDING), "checkout", offers, by_variant["control"], gone)
    assert (hashed.variant, hashed.is_sticky) == ("control", False)


def test_the_fallback_attribute_is_hashed_where_the_first_is_missing() -> None:
    text = WORDING.replace(
        "{id: wording,", "{id: wording, hash_attribute: user_id, fallback_attribute: device_id,"
    )
    offers = frozenset({"plain", "bold"})
    both = Identified({"device_id": "d", "user_id": "u"}, {"device_id": "D", "user_id": "U"})
    [by_name] = assign(trials_of(text), "checkout", offers, both, {})
    [by_device] = assign(trials_of(text), "checkout", offers, device("d"), {})
    assert (by_name.hash_attribute, by_device.hash_attribute) == ("user_id", "device_id")


def test_a_fallback_attribute_alone_stands_behind_the_device() -> None:
    text = WORDING.replace("{id: wording,", "{id: wording, fallback_attribute: user_id,")
    [experiment] = trials_of(text).experiments
    assert experiment.participation.hash_attributes == ("device_id", "user_id")


def test_what_anybody_can_type_is_not_hashed() -> None:
    sent = {"user_id": "ann", "device_id": "d-1", "email": "ann@example.com"}
    accepted = accept(sent, load_types(), b"key")
    typed = identified(accepted, DecisionRequest("checkout", identifiers=sent))
    proven = identified(accepted, DecisionRequest("checkout", sent, authenticated=True))
    assert dict(typed.values) == {"device_id": "d-1"}
    assert dict(proven.values) == {"device_id": "d-1", "user_id": "ann"}
    assert "ann" not in repr(proven)


def test_the_log_has_keyed_hashes_and_a_replay_shows_the_same() -> None:
    catalogue = read_catalogue(FILE.format(trials=HOLDOUTS + WORDING))
    for number in range(20):
        offers = catalogue.offers_of("checkout")
        who = Identified({"device_id": f"d{number}"}, {"device_id": "device_id:hashed"})
        shopper = Shopper(assignments=assign(catalogue.trials, "checkout", offers, who, {}))
        request = DecisionRequest("checkout")
        decision = decide(request, shopper, catalogue, NOW, "d-1")
        entry = log_entry(request, [], shopper, decision, catalogue.reads["checkout"])
        assert {each["key"] for each in entry["experiments"]} == {"device_id:hashed"}
        assert replay(entry, catalogue) == decision.slots
        chosen = {
            name: [offer.offer_id for offer in offers if offer.chosen]
            for name, offers in replay_trace(entry, catalogue).items()
        }
        assert chosen == {
            name: [each] if each else [] for name, each in offers_in(decision).items()
        }


def test_a_trace_says_which_step_an_offer_fell_to() -> None:
    text = HOLDOUTS + WORDING
    catalogue = read_catalogue(FILE.format(trials=text))

    def why(who: Identified, offer: str) -> list[str]:
        offers = catalogue.offers_of("checkout")
        shopper = Shopper(assignments=assign(catalogue.trials, "checkout", offers, who, {}))
        decision = decide(DecisionRequest("checkout"), shopper, catalogue, NOW, "d-1")
        reads = catalogue.reads["checkout"]
        entry = log_entry(DecisionRequest("checkout"), [], shopper, decision, reads)
        considered = replay_trace(entry, catalogue)["one"]
        return next(list(each.why) for each in considered if each.offer_id == offer)

    member = devices_by_variant(text, "of_all")["holdout"]
    assert why(member, "plain")[-1] == "holdout of_all: this shopper sees no offers"
    bold = devices_by_variant(text, "wording")["bold"]
    for who, line in (
        (bold, "experiment wording: this shopper is in bold"),
        (Identified(), "experiment wording: for who takes no part, control"),
    ):
        for offer in ("plain", "bold"):
            assert why(who, offer) == ["no rule: everybody in its variant", line]
    text = WORDING.replace("{id: wording,", "{id: wording, status: stopped, winner: bold,")
    catalogue = read_catalogue(FILE.format(trials=text))
    for offer in ("plain", "bold"):
        assert why(bold, offer)[-1] == "experiment wording: its winner is bold"


def test_who_has_used_up_the_offer_of_a_variant_is_exposed_like_those_of_the_others() -> None:
    capped = {"bold": "cap: 1 of 1 ever by this shopper"}
    for variant, offer in (("control", "plain"), ("bold", None)):
        decision = decided(WORDING, devices_by_variant(WORDING, "wording")[variant], capped=capped)
        assert offers_in(decision)["one"] == offer
        assert [each["slots"] for each in decision.to_wire()["experiments"]] == [["one"]]


def test_who_is_outranked_before_an_experiment_is_not_exposed_to_it() -> None:
    text = FILE.replace("priority: 10,", "priority: 90,").replace(
        "checkout.two, cart", "checkout.one, cart"
    )
    catalogue = read_catalogue(text.format(trials=WORDING))
    offers = catalogue.offers_of("checkout")
    for number in range(5):
        assignments = assign(catalogue.trials, "checkout", offers, device(str(number)), {})
        decision = decide(
            DecisionRequest("checkout"), Shopper(assignments=assignments), catalogue, NOW, "d-1"
        )
        [(_, slots)] = decision.experiments or ()
        assert (offers_in(decision)["one"], slots) == ("low_stock", ())


def test_settings_of_an_experiment_are_read() -> None:
    [experiment] = trials_of(
        """
experiments:
  - id: wording
    seed: first
    coverage: 40
    namespace: {name: checkout, from: 0, to: 50}
    primary: revenue
    window: 3d
    planned: 5000
    guards: [{metric: refunds, margin: 5}]
    variants:
      - {name: control, weight: 1}
      - {name: bold, weight: 3, offers: [bold]}
"""
    ).experiments
    split = experiment.participation.split
    assert (split.seed, split.weights, split.coverage) == ("first", (0.25, 0.75), 0.4)
    assert split.namespace is not None
    assert (split.namespace.start, split.namespace.end) == (0, 0.5)
    plan = experiment.plan
    assert (plan.primary, plan.planned_units) == ("revenue", 5000)
    assert plan.window == 3 * 24 * 3_600 * 1_000_000
    assert plan.guards[0].margin == 0.05


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("offers: [bold]", "offers: [brave]"), "`brave` is not known"),
        (("offers: [bold]", "offers: [plain], x: 1"), "`x` is not known"),
        (("name: bold", "name: control"), "appears twice; rename one"),
        (("{id: wording,", "{id: wording, winner: bold,"), "write `status: stopped`"),
        (("{id: wording,", "{id: wording, hash_attribute: email,"), "typed by anybody"),
        (("{id: wording,", "{id: wording, window: soon,"), 'such as "90m"'),
        (("{id: wording,", "{id: wording, window: 2 weeks,"), 'write "14d"'),
        (("{id: wording,", "{id: wording, namespace: {name: a, from: 5, to: 5},"), "above `from`"),
        (("{id: wording,", "{id: wording, coverage: 0.5,"), "percent: a whole number from 0 to"),
        (("{id: wording,", "{id: wording, coverage: 50%,"), "percent: a whole number from 0 to"),
        (("{id: wording,", "{id: wording, coverage: 101,"), "is 101; it must be between 0 and 100"),
        ((", {name: bold, weight: 1, offers: [bold]}", ""), "at least two variants"),
        ((", offers: [bold]}", "}"), None),
    ],
)
def test_a_mistake_is_refused_with_its_fix(change: tuple[str, str], message: str | None) -> None:
    text = WORDING.replace(*change)
    if message is None:
        assert trials_of(text).experiments[0].offers == {"plain"}
        return
    with pytest.raises(InvalidInput, match=message):
        trials_of(text)


def test_ids_and_offers_belong_to_one_experiment() -> None:
    twice = WORDING + WORDING.replace("\nexperiments:\n", "")
    with pytest.raises(InvalidInput, match="its own id"):
        trials_of(twice)
    other = WORDING + WORDING.replace("\nexperiments:\n", "").replace("id: wording", "id: other")
    with pytest.raises(InvalidInput, match="is in the experiment `wording` already"):
        trials_of(other)
    nothing = WORDING.replace(", offers: [plain]", "").replace(", offers: [bold]", "")
    with pytest.raises(InvalidInput, match="else nothing differs"):
        trials_of(nothing)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("hash_attribute: user", r"experiments\[0\].hash_attribute.*did you mean `user_id`"),
        ("fallback_attribute: cookie", r"fallback_attribute.*`cookie` is not known here"),
    ],
)
def test_a_file_that_splits_by_what_no_request_can_have_is_refused(
    field: str, message: str
) -> None:
    text = FILE.format(trials=WORDING.replace("{id: wording,", f"{{id: wording, {field},"))
    assert read_catalogue(text).trials.experiments, "one that was in force stays readable"
    with pytest.raises(InvalidInput, match=message):
        read_file(text, is_shipped=False, types=load_types())
    without_devices = IdentifierTypes({"user_id": load_types().by_name["user_id"]})
    with pytest.raises(InvalidInput, match=r"splits by `device_id`.*such as user_id"):
        read_file(FILE.format(trials=WORDING), is_shipped=False, types=without_devices)
    with pytest.raises(InvalidInput, match=r"holdouts\[0\].*splits by `device_id`"):
        read_file(FILE.format(trials=HOLDOUTS), is_shipped=False, types=without_devices)
