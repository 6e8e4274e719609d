"""The loyalty programme: its tiers, and the points that an order earns."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_NO_WORD = re.compile(r"[\W_]+")


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
class LedgerTerms:
    """Points of an order are `pending` for so long (µs), until its return window ends.

    They expire `expiry` (µs) after that; never if it is None.
    """

    pending: int = 0
    expiry: int | None = None


@dataclass(frozen=True, slots=True)
class Programme:
    """The tiers, lowest first, and what is earned in each currency; a shop may have neither.

    With a `ledger` a balance is what orders have earned by these rates, and what was told beside;
    without it, the sum of all points that were told.
    """

    tiers: tuple[Tier, ...] = ()
    earnings: Mapping[str, Earning] | None = None
    ledger: LedgerTerms | None = None

    def points_for(self, value: int | None, currency: str | None) -> int | None:
        """The points that `value` minor units of `currency` earn, rounded down; None if none."""
        earning = (self.earnings or {}).get(currency or "")
        if earning is None or value is None:
            return None
        return (value // earning.per) * earning.points or None

    def tier_of(self, name: str | None, points: int) -> Tier | None:
        """The tier that the shop has named, if the programme has it; without a name, by points.

        A tier from 0 is everybody's, also of those whose balance is below 0.
        """
        if name is not None:
            wanted = _plain_name(name)
            return next((tier for tier in self.tiers if tier.name == wanted), None)
        reached = [tier for tier in self.tiers if tier.threshold <= max(points, 0)]
        return reached[-1] if reached else None

    def next_tier(self, tier: Tier | None, points: int) -> Tier | None:
        """The lowest tier above `tier`, or of all, that `points` do not reach; None without one.

        The shop may have named a lower tier than the points reach: it is told of no tier for which
        nothing is missing.
        """
        above = self.tiers[self.tiers.index(tier) + 1 :] if tier else self.tiers
        return next((each for each in above if each.threshold > points), None)


def _plain_name(name: str) -> str:
    """The name of a tier as offers.yaml writes names: `Gold Plus` is `gold_plus`."""
    return _NO_WORD.sub("_", name.lower()).strip("_")
