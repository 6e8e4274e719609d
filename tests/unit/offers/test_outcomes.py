"""Outcomes: what a report says, what counts once, and what fits its decision."""

from __future__ import annotations

from typing import Any

import pytest

from chassis import DAY
from chassis.validation.schema import InvalidFields, Mending
from contracts.outcomes import read_outcome
from services.offers.domain.outcomes import Misfit, is_same, joined, outcome_of

NOW = 1_795_289_400_000_000
SHOWN = {"decision_id": "d-1", "slot": "extras", "kind": "shown"}
CONVERTED = {**SHOWN, "kind": "converted", "order_id": "o-1", "value": 4900, "currency": "USD"}
WARRANTY = {"offer_id": "warranty", "offer_version": 2, "variant": "default"}
FALLBACK = {"offer_id": None, "offer_version": None, "variant": "fallback"}
DECISION: dict[str, Any] = {
    "placement": "checkout",
    "slots": {"extras": [WARRANTY], "account": [FALLBACK]},
}


def read(**report: Any) -> dict[str, Any]:
    return read_outcome({**SHOWN, **report}, "outcomes[0]", Mending())


def errors(**report: Any) -> dict[str, str]:
    with pytest.raises(InvalidFields) as refusal:
        read(**report)
    return {error.field: error.message for error in refusal.value.errors}


def test_what_was_not_converted_has_no_order() -> None:
    assert "leave it out" in errors(order_id="o-1")["outcomes[0].order_id"]


def test_a_value_needs_its_currency() -> None:
    found = errors(kind="converted", value=100)
    assert found == {"outcomes[0].currency": "is missing: a value needs its currency"}


def test_the_stored_fallback_is_not_reported() -> None:
    with pytest.raises(InvalidFields) as refusal:
        read_outcome({**SHOWN, "decision_id": None}, "outcomes[0]", Mending())
    assert "stored fallback" in refusal.value.errors[0].message


def test_a_wrong_kind_names_the_kinds() -> None:
    assert "clicked" in errors(kind="seen")["outcomes[0].kind"]


def test_slips_are_mended_with_a_warning() -> None:
    mending = Mending()
    report = read_outcome({**CONVERTED, "value": "4900"}, "outcomes[0]", mending)
    assert report["value"] == 4900
    assert [parts for parts, _ in mending.warnings] == [("value",)]


def test_a_report_without_an_id_counts_once_for_its_kind_slot_offer_and_order() -> None:
    first, again = outcome_of(CONVERTED, NOW), outcome_of(dict(CONVERTED), NOW + 5)
    assert first.event_id == again.event_id
    others = (SHOWN, {**CONVERTED, "order_id": "o-2"}, {**CONVERTED, "slot": "account"})
    assert first.event_id not in {outcome_of(other, NOW).event_id for other in others}


def test_an_outcome_is_dated_now_at_the_latest() -> None:
    assert outcome_of(SHOWN, NOW).at == NOW
    assert outcome_of({**SHOWN, "at": NOW + 1_000}, NOW).at == NOW
    assert outcome_of({**SHOWN, "at": NOW - 1_000}, NOW).at == NOW - 1_000
    with pytest.raises(Misfit, match="a day ahead"):
        outcome_of({**SHOWN, "at": NOW + DAY + 1}, NOW)


def test_a_joined_outcome_names_the_block_that_was_decided() -> None:
    outcome = joined(outcome_of(SHOWN, NOW), DECISION).outcome
    assert (outcome.offer_id, outcome.offer_version, outcome.placement) == (
        "warranty",
        2,
        "checkout",
    )
    fallback = joined(outcome_of({**SHOWN, "slot": "account"}, NOW), DECISION).outcome
    assert (fallback.offer_id, fallback.variant) == (None, "fallback")


@pytest.mark.parametrize(
    ("report", "field", "message"),
    [
        ({"slot": "payment"}, "slot", "it has account, extras"),
        ({"offer_id": "strap"}, "offer_id", "which shows warranty"),
        ({"slot": "account", "offer_id": "strap"}, "offer_id", "a fallback block"),
        ({"slot": "two"}, "offer_id", "say which"),
    ],
)
def test_what_a_decision_did_not_show_does_not_fit_it(
    report: dict[str, Any], field: str, message: str
) -> None:
    two = {**DECISION, "slots": {**DECISION["slots"], "two": [WARRANTY, FALLBACK]}}
    with pytest.raises(Misfit, match=message) as misfit:
        joined(outcome_of({**SHOWN, **report}, NOW), two)
    assert misfit.value.field == field


def test_an_outcome_is_the_same_whenever_it_is_dated_and_whoever_names_the_offer() -> None:
    outcome = outcome_of(CONVERTED, NOW)
    recorded = joined(outcome, DECISION).outcome.draft("p-1")
    assert is_same(outcome, recorded)
    assert is_same(outcome_of({**CONVERTED, "at": NOW - 7}, NOW), recorded)
    assert not is_same(outcome_of({**CONVERTED, "value": 1}, NOW), recorded)
    assert not is_same(outcome_of(SHOWN, NOW), recorded)
