"""The loyalty programme: its tiers, and the points that an order earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, reached with `threshold` points."""

    name: str
    threshold: int


@dataclass(frozen=True, slots=True)
class Earning:
    """`points` points for every `per` minor units of money."""

    points: int
    per: int


@dataclass(frozen=True, slots=True)
class Programme:
    """The tiers, lowest first, and what is earned in each currency; a shop may have neither."""

    tiers: tuple[Tier, ...] = ()
    earnings: Mapping[str, Earning] | None = None

    def points_for(self, value: int | None, currency: str | None) -> int | None:
        """The points that `value` minor units of `currency` earn, rounded down; None if none."""
        earning = (self.earnings or {}).get(currency or "")
        if earning is None or value is None:
            return None
        return (value // earning.per) * earning.points or None

    def tier_of(self, name: str | None, points: int) -> Tier | None:
        """The tier that the shop has named, if the programme has it; without a name, by points."""
        if name is not None:
            return next((tier for tier in self.tiers if tier.name == name.lower()), None)
        reached = [tier for tier in self.tiers if tier.threshold <= points]
        return reached[-1] if reached else None

    def next_tier(self, tier: Tier | None, points: int) -> Tier | None:
        """The lowest tier above `tier` that `points` do not reach; None if there is none.

        The shop may have named a lower tier than the points reach: it is told of no tier for which
        nothing is missing.
        """
        above = self.tiers[self.tiers.index(tier) + 1 :] if tier else ()
        return next((each for each in above if each.threshold > points), None)
