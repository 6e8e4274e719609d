"""Selection: which of a slot's eligible offers it shows, by its ranking."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from services.offers.domain.catalogue import Offer, Slot
from services.offers.domain.composition import Composition
from services.offers.domain.draws import Draws
from services.offers.domain.eligibility import EligibilityCheck
from services.offers.domain.ranking import BanditRanking, FormulaRanking


def winners(
    slot: Slot, check: EligibilityCheck, composition: Composition, draws: Draws
) -> Iterator[Offer]:
    """The offers that a slot shows, the best first; each joins the composition."""
    ranking = slot.ranking
    if isinstance(ranking, BanditRanking):
        return _drawn(slot, ranking, check, composition, draws)
    if isinstance(ranking, FormulaRanking):
        best_first = _by_formula(slot, ranking, check)
        return islice(_admitted(best_first, composition), slot.blocks)
    return islice(_by_priority(slot, check, composition), slot.blocks)


def _competes(offer: Offer, slot: Slot, check: EligibilityCheck) -> bool:
    """Whether the offer is eligible, and no experiment, cap or budget keeps it from the shopper."""
    return (
        check.passes(offer)
        and (check.gate is None or check.gate.opens(offer.id, slot.name))
        and offer.id not in check.capped
    )


def _by_priority(slot: Slot, check: EligibilityCheck, composition: Composition) -> Iterator[Offer]:
    for offer in slot.offers:
        if composition.admits(offer) and _competes(offer, slot, check):
            composition.add(offer)
            yield offer


def _admitted(offers: Iterable[Offer], composition: Composition) -> Iterator[Offer]:
    for offer in offers:
        if composition.admits(offer):
            composition.add(offer)
            yield offer


def _by_formula(slot: Slot, ranking: FormulaRanking, check: EligibilityCheck) -> list[Offer]:
    """The eligible offers by falling value, then priority, then id; without a value last."""
    valued, others = [], []
    for offer in slot.offers:
        if _competes(offer, slot, check):
            value = ranking.value(offer.id, check.situation, check.now)
            if value is None:
                others.append(offer)
            else:
                valued.append((value, offer))
    valued.sort(key=lambda pair: -pair[0])
    return [offer for _, offer in valued] + others


def _drawn(
    slot: Slot,
    ranking: BanditRanking,
    check: EligibilityCheck,
    composition: Composition,
    draws: Draws,
) -> Iterator[Offer]:
    """The eligible offers that are drawn, one after the other."""
    candidates = [offer for offer in slot.offers if _competes(offer, slot, check)]
    above: list[Offer] = []
    while len(above) < slot.blocks:
        left = [each for each in candidates if each not in above and composition.admits(each)]
        offer = draws.pick(slot, ranking, left, above) if left else None
        if offer is None:
            return
        composition.add(offer)
        above.append(offer)
        yield offer
