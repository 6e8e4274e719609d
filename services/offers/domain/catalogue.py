"""The catalogue: placements, their slots, the offers that compete for them, and the programme."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import reduce

from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest
from rules import Decider, Reads, Rule, Situation, decider
from services.offers.domain.content import Content
from services.offers.domain.loyalty import Programme

REQUIREMENTS = ("any", "device", "verified")
_TRAITS = frozenset({"loyalty_tier", "loyalty_enrolled"})
_PERSONAL = Reads(traits=_TRAITS, trait_paths=frozenset((name,) for name in _TRAITS), points=True)


@dataclass(frozen=True, slots=True)
class Offer:
    """A block that competes for slots.

    `requires` is the least assurance with which the shopper must be recognised: "any" for what may
    be shown to the wrong person without harm, "device", or "verified". An offer of the article
    `sku` is not made when the request says that it is out of stock. `holds` is the rule as
    decisions ask it.
    """

    id: str
    version: int
    rule: Rule[Situation] | None
    requires: str
    priority: int
    content: Content
    sku: str | None = None
    holds: Decider | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "holds", decider(self.rule) if self.rule else None)

    @property
    def reads(self) -> Reads:
        """What its rule and its content read of a shopper."""
        of_rule = self.rule.reads if self.rule else Reads()
        return of_rule | _PERSONAL if self.content.personal else of_rule


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a page: its offers, best first, and the block to show when none is eligible.

    `reads` is what the offers read of a shopper.
    """

    name: str
    fallback: Content
    offers: tuple[Offer, ...] = ()
    reads: Reads = field(default_factory=Reads)

    def with_offers(self, offers: Iterable[Offer]) -> Slot:
        """The slot with these offers, whatever it had."""
        best_first = sorted(offers, key=lambda offer: (-offer.priority, offer.id))
        return replace(
            self, offers=tuple(best_first), reads=union_of(offer.reads for offer in best_first)
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The content of offers.yaml; `fingerprint` changes whenever the file does.

    `reads` is what the offers of each placement read of a shopper.
    """

    placements: Mapping[str, Mapping[str, Slot]]
    programme: Programme
    fingerprint: str
    reads: Mapping[str, Reads] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        reads = {
            name: union_of(slot.reads for slot in slots.values())
            for name, slots in self.placements.items()
        }
        object.__setattr__(self, "reads", reads)

    def slots(self, placement: str) -> Mapping[str, Slot]:
        """The slots of a placement by name; InvalidInput names the placements that exist."""
        slots = self.placements.get(placement)
        if slots is None:
            raise InvalidInput("placement", f"is not known; {suggest(placement, self.placements)}")
        return slots


def union_of(parts: Iterable[Reads]) -> Reads:
    """What all the parts read."""
    return reduce(Reads.__or__, parts, Reads())
