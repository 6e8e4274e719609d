"""Eligibility: whether an offer may be made to one shopper with one request, and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules import Memo
from services.offers.domain.catalogue import Catalogue, Offer
from services.offers.domain.content_values import values_of, with_article
from services.offers.domain.experiments import Gate
from services.offers.domain.markets import describe_market
from services.offers.domain.shopper import Shopper
from services.offers.domain.variables import Values

# An assurance meets every requirement of its strength or less. A claim is worth nothing: anybody
# can type anybody's e-mail.
_STRENGTH = {"none": 0, "claimed": 0, "any": 0, "device": 1, "verified": 2}


def is_open_to(offer: Offer, shopper: Shopper) -> bool:
    """Whether the shopper is recognised as surely as the offer requires."""
    return _STRENGTH[shopper.as_permitted().assurance] >= _STRENGTH[offer.requires]


class EligibilityCheck:
    """One shopper with one request at `now` (µs): what each offer is held against."""

    __slots__ = (
        "_catalogue", "_memo", "_shopper", "_strength", "_values", "capped", "context", "gate",
        "now", "situation", "stock",
    )  # fmt: skip

    def __init__(
        self, context: Mapping[str, Any], shopper: Shopper, catalogue: Catalogue, now: int
    ) -> None:
        shopper = shopper.as_permitted()
        self.now = now
        self.situation = shopper.situation(context)
        self.stock: Mapping[str, int] = context.get("stock") or {}
        self.context = context
        self.capped = shopper.capped
        self._shopper = shopper
        self._catalogue = catalogue
        self._values: Values | None = None
        self._strength = _STRENGTH[shopper.assurance]
        self._memo: Memo = {}
        trials = catalogue.trials
        is_open = not (trials.experiments or trials.holdouts)
        self.gate = None if is_open else Gate(trials, shopper.assignments)

    def values(self, offer: Offer) -> Values:
        """The value of each variable for a content of the offer; worked out once it is asked."""
        if self._values is None:
            self._values = values_of(self.context, self._shopper, self._catalogue)
        return with_article(self._values, offer, self.context)

    def render(self, offer: Offer) -> dict[str, Any]:
        """What the offer shows, in the language of the request."""
        content = offer.content
        values = self.values(offer) if content.placeholders else {}
        return content.render(values, self.context.get("language"))

    def passes(self, offer: Offer) -> bool:
        """Whether the offer may be made, caps and budgets aside; it stops at the first obstacle.

        These come after experiments: who has used up the offer of a variant is exposed to it like
        those of the others, who never can.
        """
        if self._strength < _STRENGTH[offer.requires]:
            return False
        if offer.sku is not None and self.stock.get(offer.sku) == 0:
            return False
        if not _is_fitting(offer, self.context, self.now):
            return False
        if offer.holds is not None and not offer.holds(self.situation, self.now, self._memo):
            return False
        content = offer.content
        return not content.placeholders or not content.missing(self.values(offer))

    def explain(self, offer: Offer) -> tuple[bool, tuple[str, ...]]:
        """The same with the reasons, as people read them; the first obstacle ends them."""
        if (obstacle := self._obstacle(offer)) is not None:
            return False, (obstacle,)
        lines: tuple[str, ...] = (f"no rule: {self._whom(offer)}",)
        if offer.rule is not None:
            holds, comparisons = offer.rule.explain(self.situation, self.now)
            lines = tuple(comparisons)
            if not holds:
                return False, lines
        missing = offer.content.missing(self.values(offer))
        if missing:
            names = ", ".join(f"{{{name}}}" for name in missing)
            return False, (*lines, f"the content needs {names}, which is not known here")
        return True, lines

    def closing(self, offer: Offer) -> str | None:
        """Why an eligible offer is not for this shopper now: an experiment, a cap or a budget."""
        closed = self.gate.obstacle(offer.id) if self.gate else None
        return closed or self.capped.get(offer.id)

    def opening(self, offer: Offer) -> str | None:
        """Why an offer that nothing closes is for this shopper, if it is a variant's."""
        return self.gate.reason(offer.id) if self.gate else None

    def _whom(self, offer: Offer) -> str:
        """For whom an offer without a rule is."""
        whom = (
            "everybody" if offer.requires == "any" else f"everybody recognised as {offer.requires}"
        )
        is_of_variant = self.gate is not None and self.gate.is_of_variant(offer.id)
        return f"{whom} in its variant" if is_of_variant else whom

    def _obstacle(self, offer: Offer) -> str | None:
        """What is in the way of the offer before its rule is asked."""
        if self._strength < _STRENGTH[offer.requires]:
            assurance = self.situation.assurance
            return f"requires {offer.requires}, the shopper's assurance is {assurance}"
        if offer.sku is not None and self.stock.get(offer.sku) == 0:
            return f"{offer.sku} is out of stock"
        if not _is_fitting(offer, self.context, self.now):
            return _unfitting(offer, self.context, self.now)
        return None


def _is_fitting(offer: Offer, context: Mapping[str, Any], now: int) -> bool:
    """Whether the offer is for the market of the request, for its basket, and for now."""
    markets, schedule, affinity = offer.markets, offer.schedule, offer.goes_with
    return (
        (not markets or any(market.includes(context) for market in markets))
        and (schedule is None or schedule.includes(now))
        and (affinity is None or affinity.article(context.get("items") or ()) is not None)
    )


def _unfitting(offer: Offer, context: Mapping[str, Any], now: int) -> str:
    """Why it is not, as people read it."""
    if offer.schedule is not None and not offer.schedule.includes(now):
        return offer.schedule.describe(now)
    if not any(market.includes(context) for market in offer.markets) and offer.markets:
        names = ", ".join(market.name for market in offer.markets)
        return f"is for {names}; the request says {describe_market(context)}"
    return "the basket has no article that it goes with"
