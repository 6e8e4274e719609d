"""Exposures: who is exposed by what was shown, and whose a click or a conversion is."""

from __future__ import annotations

from typing import Any

from chassis.core.instants import format_instant
from identifiers import load_types
from services.offers.domain.exposures import exposures_of, responses_of
from services.offers.domain.outcomes import JoinedOutcome, OfferOutcome

TYPES = load_types()
PART = {
    "experiment": "wording",
    "variant": "bold",
    "hash_attribute": "device_id",
    "sticky": False,
    "slots": ["one"],
    "key": "device_id:1",
}


DECIDED_AT = 5


def outcome(
    kind: str = "shown",
    at: int = DECIDED_AT,
    slot: str = "one",
    decided_at: int = DECIDED_AT,
    **decision: Any,
) -> JoinedOutcome:
    return JoinedOutcome(
        OfferOutcome(f"{kind}-{at}-{decided_at}", "d-1", slot, kind, at),
        {"experiments": [PART], "decided_at": format_instant(decided_at), **decision},
    )


def test_the_earliest_decision_that_was_shown_is_the_exposure() -> None:
    [exposure] = exposures_of([outcome(decided_at=7), outcome(at=8), outcome(decided_at=9)])
    assert exposure == {
        "experiment": "wording",
        "variant": "bold",
        "hash_attribute": "device_id",
        "key": "device_id:1",
        "at": 5,
    }


def test_nobody_is_exposed_by_another_slot_or_a_click() -> None:
    others = [outcome(slot="two"), outcome("clicked"), outcome(experiments=None)]
    assert exposures_of(others) == []


def test_no_clock_puts_a_conversion_before_the_exposure_that_led_to_it() -> None:
    request = {"identifiers": ["device_id:1"], "authenticated": False}
    [exposure] = exposures_of([outcome(at=DECIDED_AT + 600)])
    behind, right = (
        responses_of([outcome("converted", at=DECIDED_AT + skew, request=request)], TYPES)
        for skew in (-3, 3)
    )
    assert [row["at"] for row in (exposure, *behind, *right)] == [5, 5, 8]


def test_a_conversion_is_of_devices_and_of_names_that_were_proven() -> None:
    keys = ["device_id:1", "user_id:2", "email:3", "gone:4"]

    def found(*, authenticated: bool) -> list[str]:
        request = {"identifiers": keys, "authenticated": authenticated}
        outcomes = [outcome("converted", request=request), outcome(request=request)]
        return [row["key"] for row in responses_of(outcomes, TYPES)]

    assert found(authenticated=False) == ["device_id:1"]
    assert found(authenticated=True) == ["device_id:1", "user_id:2"]
    assert responses_of([outcome("clicked")], TYPES) == []
