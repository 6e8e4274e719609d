"""The catalogue: placements, their slots, the offers that compete for them, and the programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest
from rules import Decider, Reads, Rule, Situation, decider
from services.offers.domain.affinity import Affinity
from services.offers.domain.caps import DEFAULT_HOLD, Budget, Cap, Cost, Limits
from services.offers.domain.content import Content
from services.offers.domain.experiments import Trials
from services.offers.domain.loyalty import Programme
from services.offers.domain.markets import Market
from services.offers.domain.ranking import FormulaRanking, Ranking
from services.offers.domain.schedules import Schedule

REQUIREMENTS = ("any", "device", "verified")


@dataclass(frozen=True, slots=True)
class Offer:
    """A block that competes for slots.

    `requires` is the least assurance with which the shopper must be recognised: "any" for what may
    be shown to the wrong person without harm, "device", or "verified". An offer of the article
    `sku` is not made when the request says that it is out of stock. It is made in any of its
    `markets`, and everywhere without one; and only beside an article that it `goes_with`, if it
    says so. Of a `group` at most one offer is in an answer, together with offers of the groups that
    it `stacks_with`; of any where that is None. `limits` has its `caps` and `budget`, with the
    `cost` of one grant and how long it may `hold` (µs), if it has any. A reservation of it takes a
    code of the pool `coupons`. Formulas of rankings can ask for its `numbers`. `holds` is the rule
    as decisions ask it.
    """

    id: str
    version: int
    rule: Rule[Situation] | None
    requires: str
    priority: int
    content: Content
    sku: str | None = None
    markets: tuple[Market, ...] = ()
    schedule: Schedule | None = None
    goes_with: Affinity | None = None
    group: str | None = None
    stacks_with: frozenset[str] | None = None
    coupons: str | None = None
    caps: tuple[Cap, ...] = ()
    budget: Budget | None = None
    cost: Cost | None = None
    hold: int = DEFAULT_HOLD
    numbers: Mapping[str, int | float] = field(default_factory=dict)
    limits: Limits | None = field(init=False, repr=False, compare=False)
    holds: Decider | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", decider(self.rule) if self.rule else None)
        is_limited = bool(self.caps) or self.budget is not None
        limits = Limits(self.caps, self.budget, self.cost, self.hold) if is_limited else None
        object.__setattr__(self, "limits", limits)

    @property
    def reads(self) -> Reads:
        """What its rule and its content read of a shopper."""
        of_rule = self.rule.reads if self.rule else Reads()
        return of_rule | self.content.reads


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a page: its offers, best first, and the block to show when none is eligible.

    It shows `blocks` of its offers at the most, by priority unless it has another `ranking`.
    `reads` is what the offers and the ranking read of a shopper.
    """

    name: str
    fallback: Content
    blocks: int = 1
    offers: tuple[Offer, ...] = ()
    reads: Reads = field(default_factory=Reads)
    ranking: Ranking | None = None

    def with_offers(self, offers: Iterable[Offer]) -> Slot:
        """The slot with these offers, whatever it had."""
        best_first = sorted(offers, key=lambda offer: (-offer.priority, offer.id))
        return replace(
            self, offers=tuple(best_first), reads=union_of(offer.reads for offer in best_first)
        )

    def ranked_by(self, ranking: Ranking) -> Slot:
        """The slot with its offers, by another ranking."""
        reads = ranking.reads if isinstance(ranking, FormulaRanking) else Reads()
        return replace(self, ranking=ranking, reads=self.reads | reads)


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The content of offers.yaml; `fingerprint` changes whenever the file does.

    `free_delivery` has by currency the value, in minor units, from which delivery is free. `reads`
    is what the offers of each placement read of a shopper, `limited` has those offers of each that
    have caps, a budget or coupons, and `offers` all of them by id.
    """

    placements: Mapping[str, Mapping[str, Slot]]
    programme: Programme
    fingerprint: str
    free_delivery: Mapping[str, int] = field(default_factory=dict)
    trials: Trials = field(default_factory=Trials)
    reads: Mapping[str, Reads] = field(init=False, repr=False, compare=False)
    limited: Mapping[str, tuple[Offer, ...]] = field(init=False, repr=False, compare=False)
    offers: Mapping[str, Offer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        placed = {
            name: {offer.id: offer for slot in slots.values() for offer in slot.offers}
            for name, slots in self.placements.items()
        }
        limited = {
            name: tuple(offer for offer in offers.values() if offer.limits or offer.coupons)
            for name, offers in placed.items()
        }
        object.__setattr__(self, "limited", limited)
        object.__setattr__(
            self,
            "offers",
            {key: each for offers in placed.values() for key, each in offers.items()},
        )
        reads = {
            name: union_of(slot.reads for slot in slots.values())
            for name, slots in self.placements.items()
        }
        object.__setattr__(self, "reads", reads)

    def offers_of(self, placement: str) -> frozenset[str]:
        """The ids of the offers of a placement."""
        slots = self.slots(placement).values()
        return frozenset(offer.id for slot in slots for offer in slot.offers)

    def slots(self, placement: str) -> Mapping[str, Slot]:
        """The slots of a placement by name; InvalidInput names the placements that exist."""
        slots = self.placements.get(placement)
        if slots is None:
            raise InvalidInput("placement", f"is not known; {suggest(placement, self.placements)}")
        return slots


def union_of(parts: Iterable[Reads]) -> Reads:
    """What all the parts read."""
    return reduce(Reads.__or__, parts, Reads())
