"""Tallies: what the exposed shoppers of each variant did, a number for each metric and shopper."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby

from experimentation import Covaried, Sample
from services.offers.domain.exposures import ExposedResponse

METRICS = ("conversions", "revenue", "clicks", "refunds")
SHARES = frozenset({"conversions", "clicks"})
LESS_IS_BETTER = frozenset({"refunds"})

Amounts = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class VariantTally:
    """The shoppers of a variant, and by metric the sums over them, with what was before.

    `conversions` and `clicks` are 1 or 0 for each shopper; `revenue` is what is left of her orders
    after refunds, and `refunds` what was given back of them, both in minor units.
    """

    shoppers: int
    sums: Mapping[str, Covaried]

    def sample(self, metric: str) -> Sample:
        """The sample of a metric, without regard to before."""
        sums = self.sums[metric]
        if metric in SHARES:
            return Sample.of_proportion(round(sums.y), self.shoppers)
        return sums.sample


@dataclass(slots=True)
class _Shopper:
    """What one shopper did before her first exposure, and after it."""

    before: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METRICS, 0.0))
    after: dict[str, float] = field(default_factory=lambda: dict.fromkeys(METRICS, 0.0))

    def add(self, response: ExposedResponse, currency: str | None) -> None:
        amounts = self.after if response.at >= response.exposed_at else self.before
        if response.kind == "clicked":
            amounts["clicks"] = 1.0
            return
        value = response.value or 0
        is_whole = response.is_returned or 0 < value <= response.returned
        returned = value if is_whole else response.returned
        if not is_whole:
            amounts["conversions"] = 1.0
        if response.value is not None and response.currency == currency:
            amounts["revenue"] += value - returned
            amounts["refunds"] += returned


def main_currency(responses: Iterable[ExposedResponse]) -> str | None:
    """The currency of most conversions with a value; of two the first by name.

    `responses` are sorted by shopper. An order counts once in each currency of its reports.
    """
    counts: Counter[str | None] = Counter()
    for _, group in groupby(responses, key=lambda each: each.shopper):
        found = {(each.currency, _conversion(each)) for each in group if each.value is not None}
        counts.update(currency for currency, _ in found)
    return min(counts, key=lambda name: (-counts[name], name or ""), default=None)


def tallies_of(
    shoppers: Mapping[str, int], responses: Sequence[ExposedResponse], currency: str | None
) -> dict[str, VariantTally]:
    """The tally of each variant, by how many shoppers it has and what some of them did.

    `responses` are sorted by shopper, and may be of some who were exposed after they were counted.
    An order counts once, however many blocks led to it.
    """
    sums: dict[str, dict[str, Covaried]] = {variant: defaultdict(Covaried) for variant in shoppers}
    active: Counter[str] = Counter()
    for _, group in groupby(responses, key=lambda each: each.shopper):
        found = list(group)
        shopper = _Shopper()
        for each in _once(found, currency):
            shopper.add(each, currency)
        variant = found[0].variant
        if variant not in sums:  # of an earlier file
            continue
        active[variant] += 1
        for metric in METRICS:
            pair = (shopper.after[metric], shopper.before[metric])
            sums[variant][metric] += Covaried.of([pair])
    return {
        variant: VariantTally(
            count,
            {
                metric: sums[variant][metric] + Covaried(units=count - active[variant])
                for metric in METRICS
            },
        )
        for variant, count in (
            (variant, max(count, active[variant])) for variant, count in shoppers.items()
        )
    }


def _once(responses: Iterable[ExposedResponse], currency: str | None) -> Iterable[ExposedResponse]:
    """Each order once, as it was told with the highest value in the currency; and all else."""
    orders: dict[tuple[str, ...], ExposedResponse] = {}

    def rank(report: ExposedResponse) -> tuple[bool, int]:
        return report.currency == currency, report.value or 0

    for each in responses:
        if each.kind != "converted" or each.order_id is None:
            yield each
            continue
        place = _conversion(each)
        if place not in orders or rank(each) > rank(orders[place]):
            orders[place] = each
    yield from orders.values()


def _conversion(response: ExposedResponse) -> tuple[str, ...]:
    """What makes a conversion of a shopper one: the order of its store, else the report itself."""
    if response.order_id is None:
        return (response.outcome_id,)
    return response.store or "", response.order_id
