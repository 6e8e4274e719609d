"""The trace of a decision: every offer of each slot, whether it was eligible, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from services.offers.domain.catalogue import Catalogue, Offer, Slot
from services.offers.domain.composition import Composition
from services.offers.domain.draws import LoggedDraws
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.ranking import FormulaRanking, Ranking
from services.offers.domain.selection import winners
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
    placement: str,
    context: Mapping[str, Any],
    shopper: Shopper,
    catalogue: Catalogue,
    now: int,
    rankings: Mapping[str, Any] = MappingProxyType({}),
) -> Trace:
    """The offers of each slot of a placement, best first: what `decide` did with these inputs.

    `rankings` is what was drawn for the slots that a bandit ranks. It tells nothing of the shopper
    that no offer of the placement reads.
    """
    slots = catalogue.slots(placement)
    seen = shopper.as_seen_by(catalogue.reads[placement])
    check = EligibilityCheck(context, seen, catalogue, now)
    composition, draws = Composition(), LoggedDraws(rankings)
    return {
        name: _considered(slot, check, composition)
        if slot.ranking is None
        else _ranked(slot, slot.ranking, check, composition, draws)
        for name, slot in slots.items()
    }


def to_wire(trace: Trace) -> dict[str, Any]:
    """A trace as plain JSON: see `contracts.offers.DecideResponse`."""
    return {name: [offer.to_wire() for offer in offers] for name, offers in trace.items()}


def _considered(
    slot: Slot, check: EligibilityCheck, composition: Composition
) -> tuple[ConsideredOffer, ...]:
    winners: list[Offer] = []
    considered = []
    for offer in slot.offers:
        eligible, why = _explained(offer, check)
        chosen = False
        if eligible and len(winners) == slot.blocks:
            why = (*why, f"outranked by {winners[-1].id}, of priority {winners[-1].priority}")
        elif eligible and (obstacle := composition.obstacle(offer)):
            eligible, why = False, (*why, obstacle)
        elif eligible:
            chosen = True
            winners.append(offer)
            composition.add(offer)
        considered.append(ConsideredOffer(offer.id, offer.version, eligible, chosen, why))
    return tuple(considered)


def _explained(offer: Offer, check: EligibilityCheck) -> tuple[bool, tuple[str, ...]]:
    """Whether an offer may be made to this shopper now, and why."""
    eligible, why = check.explain(offer)
    if not eligible:
        return False, why
    if (closing := check.closing(offer)) is not None:
        return False, (*why, closing)
    opening = check.opening(offer)
    return True, why if opening is None else (*why, opening)


def _ranked(
    slot: Slot,
    ranking: Ranking,
    check: EligibilityCheck,
    composition: Composition,
    draws: LoggedDraws,
) -> tuple[ConsideredOffer, ...]:
    """The offers of a slot that are ranked by more than their priority."""
    chosen = [offer.id for offer in winners(slot, check, composition, draws)]
    considered = []
    for offer in slot.offers:
        eligible, why = _explained(offer, check)
        obstacle = composition.obstacle(offer)
        if eligible and offer.id not in chosen and len(chosen) < slot.blocks and obstacle:
            eligible, why = False, (*why, obstacle)
        elif eligible:
            why = (*why, _rank(offer, slot, ranking, check, draws))
        is_chosen = offer.id in chosen
        considered.append(ConsideredOffer(offer.id, offer.version, eligible, is_chosen, why))
    return tuple(considered)


def _rank(
    offer: Offer, slot: Slot, ranking: Ranking, check: EligibilityCheck, draws: LoggedDraws
) -> str:
    """How an eligible offer was ranked, as people read it."""
    if isinstance(ranking, FormulaRanking):
        return f"ranked by {ranking.text}: {ranking.show(offer.id, check.situation, check.now)}"
    logged = draws.rankings.get(slot.name)
    if logged is None:
        return "ranked by priority: nothing is known of a draw"
    among = f"among {', '.join(logged['candidates'])} for {logged['cell'] or 'every request'}"
    for pick in logged["picks"]:
        if pick["offer_id"] == offer.id:
            return f"drawn with probability {pick['propensity']:g} {among}"
    return f"not drawn {among}"
