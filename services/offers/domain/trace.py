"""The trace of a decision: every offer of each slot, whether it was eligible, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from services.offers.domain.catalogue import Catalogue, Offer, Slot
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.shopper import Shopper


@dataclass(frozen=True, slots=True)
class ConsideredOffer:
    """An offer that competed for a slot, and why it was eligible or not."""

    offer_id: str
    offer_version: int
    eligible: bool
    chosen: bool
    why: tuple[str, ...]

    def to_wire(self) -> dict[str, Any]:
        return {
            "offer_id": self.offer_id,
            "offer_version": self.offer_version,
            "eligible": self.eligible,
            "chosen": self.chosen,
            "why": list(self.why),
        }


Trace = Mapping[str, tuple[ConsideredOffer, ...]]


def trace(
    placement: str, context: Mapping[str, Any], shopper: Shopper, catalogue: Catalogue, now: int
) -> Trace:
    """The offers of each slot of a placement, best first: what `decide` did with these inputs.

    It tells nothing of the shopper that no offer of the placement reads.
    """
    slots = catalogue.slots(placement)
    seen = shopper.as_seen_by(catalogue.reads[placement])
    check = EligibilityCheck(context, seen, catalogue.programme, now)
    return {name: _considered(slot, check) for name, slot in slots.items()}


def to_wire(trace: Trace) -> dict[str, Any]:
    """A trace as plain JSON: see `contracts.offers.DecideResponse`."""
    return {name: [offer.to_wire() for offer in offers] for name, offers in trace.items()}


def _considered(slot: Slot, check: EligibilityCheck) -> tuple[ConsideredOffer, ...]:
    winner: Offer | None = None
    considered = []
    for offer in slot.offers:
        eligible, why = check.explain(offer)
        chosen = eligible and winner is None
        if chosen:
            winner = offer
        elif eligible and winner is not None:
            why = (*why, f"outranked by {winner.id}, of priority {winner.priority}")
        considered.append(ConsideredOffer(offer.id, offer.version, eligible, chosen, why))
    return tuple(considered)
