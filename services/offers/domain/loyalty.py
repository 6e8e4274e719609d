"""The loyalty programme: its tiers, and the points that an order earns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from chassis.config.yaml_document import Entry

_MOST = 1_000_000_000


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

    def tier_of(self, told: str | None, points: int) -> Tier | None:
        """The tier that the shop told, if the programme has it; untold, that of the points."""
        if told is not None:
            return next((tier for tier in self.tiers if tier.name == told.lower()), None)
        reached = [tier for tier in self.tiers if tier.threshold <= points]
        return reached[-1] if reached else None

    def tier_above(self, tier: Tier | None) -> Tier | None:
        """The tier above `tier`; None at the top, and for a shopper who has none."""
        if tier is None or tier == self.tiers[-1]:
            return None
        return self.tiers[self.tiers.index(tier) + 1]


def read_programme(entry: Entry) -> Programme:
    """The programme that stands in `entry`."""
    fields = entry.record(required=("tiers", "earn"))
    tiers: list[Tier] = []
    for item in fields["tiers"].items():
        tier = item.record(required=("name", "threshold"))
        name, threshold = tier["name"].word(), tier["threshold"].whole(0, _MOST)
        if any(known.name == name for known in tiers):
            tier["name"].refuse(f"tier `{name}` stands here twice; rename one")
        if tiers and threshold <= tiers[-1].threshold:
            tier["threshold"].refuse(
                f"must be above the tier before it, {tiers[-1].threshold}: list tiers lowest first"
            )
        tiers.append(Tier(name, threshold))
    if not tiers:
        fields["tiers"].refuse("must list a tier at least, or remove `loyalty`")
    return Programme(tuple(tiers), _read_earnings(fields["earn"]))


def _read_earnings(entry: Entry) -> dict[str, Earning]:
    earnings: dict[str, Earning] = {}
    for currency, item in entry.fields().items():
        if len(currency) != 3 or not currency.isascii() or not currency.isupper():
            item.refuse(f"`{currency}` must be an ISO 4217 currency code such as EUR")
        earning = item.record(required=("points", "per"))
        earnings[currency] = Earning(
            earning["points"].whole(1, _MOST), earning["per"].whole(1, _MOST)
        )
    return earnings
