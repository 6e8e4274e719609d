"""Eligibility: whether an offer may be made to one shopper with one request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules import Memo
from services.offers.domain.catalogue import Offer
from services.offers.domain.loyalty import Programme
from services.offers.domain.shopper import Shopper

# An assurance meets every requirement of its strength or less. A claim is worth nothing: anybody
# can type anybody's e-mail.
_STRENGTH = {"none": 0, "claimed": 0, "any": 0, "device": 1, "verified": 2}


class EligibilityCheck:
    """One shopper with one request at `now` (µs): what each offer is held against."""

    __slots__ = ("_memo", "_strength", "now", "situation", "stock", "values")

    def __init__(
        self, context: Mapping[str, Any], shopper: Shopper, programme: Programme, now: int
    ) -> None:
        self.now = now
        self.situation = shopper.situation(context)
        self.stock: Mapping[str, int] = context.get("stock") or {}
        self.values = values_of(context, shopper, programme)
        self._strength = _STRENGTH[shopper.assurance]
        self._memo: Memo = {}

    def passes(self, offer: Offer) -> bool:
        """Whether the offer may be made; it stops at the first obstacle."""
        if self._strength < _STRENGTH[offer.requires]:
            return False
        if offer.sku is not None and self.stock.get(offer.sku) == 0:
            return False
        if offer.holds is not None and not offer.holds(self.situation, self.now, self._memo):
            return False
        return not offer.content.missing(self.values)

    def explain(self, offer: Offer) -> tuple[bool, tuple[str, ...]]:
        """The same with the reasons, as people read them; the first obstacle ends them."""
        if self._strength < _STRENGTH[offer.requires]:
            return False, (
                f"requires {offer.requires}, the shopper's assurance is {self.situation.assurance}",
            )
        if offer.sku is not None and self.stock.get(offer.sku) == 0:
            return False, (f"{offer.sku} is out of stock",)
        anybody = offer.requires == "any"
        whom = "everybody" if anybody else f"everybody recognised as {offer.requires}"
        lines: tuple[str, ...] = (f"no rule: {whom}",)
        if offer.rule is not None:
            holds, comparisons = offer.rule.explain(self.situation, self.now)
            lines = tuple(comparisons)
            if not holds:
                return False, lines
        missing = offer.content.missing(self.values)
        if missing:
            names = ", ".join(f"{{{name}}}" for name in missing)
            return False, (*lines, f"the content needs {names}, which is not known here")
        return True, lines


def values_of(
    context: Mapping[str, Any], shopper: Shopper, programme: Programme
) -> dict[str, int | str | None]:
    """The value of each placeholder; None where it has none."""
    named = shopper.traits.get("loyalty_tier")
    enrolled = shopper.traits.get("loyalty_enrolled") is True or isinstance(named, str)
    tier = above = None
    if enrolled:
        tier = programme.tier_of(named if isinstance(named, str) else None, shopper.points)
        above = programme.next_tier(tier, shopper.points)
    return {
        "points": shopper.points if enrolled else None,
        "tier": tier.name if tier else None,
        "next_tier": above.name if above else None,
        "points_to_next_tier": above.threshold - shopper.points if above else None,
        "points_to_earn": programme.points_for(context.get("value"), context.get("currency")),
        "referrer": context.get("referrer"),
    }
