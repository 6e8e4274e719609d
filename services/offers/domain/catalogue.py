"""The catalogue: placements, their slots, the offers that compete for them, and the programme."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.core.errors import InvalidInput
from chassis.core.suggest import suggest
from rules import Rule, Situation
from services.offers.domain.content import Content
from services.offers.domain.loyalty import Programme

REQUIREMENTS = ("any", "device", "verified")


@dataclass(frozen=True, slots=True)
class Offer:
    """A block that competes for slots.

    `requires` is the least assurance with which the shopper must be recognised: "any" for what may
    be shown to the wrong person without harm, "device", or "verified". An offer of the article
    `sku` is not made when the request says that it is out of stock.
    """

    id: str
    version: int
    rule: Rule[Situation] | None
    requires: str
    priority: int
    content: Content
    sku: str | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A place on a page: its offers, best first, and the block to show when none is eligible."""

    name: str
    fallback: Content
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The content of offers.yaml; `fingerprint` changes whenever the file does."""

    placements: Mapping[str, Mapping[str, Slot]]
    programme: Programme
    fingerprint: str

    def slots(self, placement: str) -> Mapping[str, Slot]:
        """The slots of a placement by name; InvalidInput names the placements that exist."""
        slots = self.placements.get(placement)
        if slots is None:
            raise InvalidInput("placement", f"is not known; {suggest(placement, self.placements)}")
        return slots
