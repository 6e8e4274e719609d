"""Statistics: how often offers were shown, clicked and converted, and what that says of rates."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import NamedTuple

from services.offers.domain.bandit import Beta
from services.offers.domain.cells import EVERYTHING, category_in, coarser

# What is known of an offer in a slot without any outcome: as after 19 failures and one success.
_START = Beta(1.0, 19.0)
# Pages name categories as they like: beyond so many in a slot, others share a cell.
MOST_CATEGORIES = 500
# What coarser cells say is no surer than this that everything succeeds, or nothing: cells within
# cells, none of which has a success, would lead to a rate of 0.
_LEAST = 0.0001


class OutcomeCount(NamedTuple):
    """How many blocks were seen, were followed, and led to what they are for."""

    views: int = 0
    clicks: int = 0
    conversions: int = 0

    def plus(self, other: OutcomeCount) -> OutcomeCount:
        """Both together."""
        return OutcomeCount(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))

    def minus(self, other: OutcomeCount) -> OutcomeCount:
        """Without the other, which is a part of it."""
        return OutcomeCount(*(mine - theirs for mine, theirs in zip(self, other, strict=True)))


class CellCount(NamedTuple):
    """The outcomes of an offer in a slot, `placement.slot`, for requests of its finest cells."""

    slot: str
    offer_id: str
    cell: str
    tally: OutcomeCount


NOTHING = OutcomeCount()


@dataclass(slots=True)
class Statistics:
    """The outcomes by slot, offer and cell, each counted in all the cells in which it lies."""

    _finest: dict[tuple[str, str, str], OutcomeCount] = field(default_factory=dict)
    _by_cell: dict[tuple[str, str, str], OutcomeCount] = field(default_factory=dict)
    _by_slot: dict[str, OutcomeCount] = field(default_factory=dict)
    _categories: dict[str, set[str | None]] = field(default_factory=lambda: defaultdict(set))

    def put(self, counts: Iterable[CellCount]) -> None:
        """Take over counts of finest cells; each replaces the one that was known before."""
        for slot, offer_id, cell, tally in counts:
            key = (slot, offer_id, cell)
            more = tally.minus(self._finest.get(key, NOTHING))
            self._finest[key] = tally
            for above in coarser(cell):
                place = (slot, offer_id, above)
                self._by_cell[place] = self._by_cell.get(place, NOTHING).plus(more)
            self._by_slot[slot] = self._by_slot.get(slot, NOTHING).plus(more)
            self._categories[slot].add(category_in(cell))

    def keeps(self, slot: str, category: str) -> bool:
        """Whether requests of a category have cells of their own in a slot."""
        known = self._categories[slot]
        return category in known or len(known) < MOST_CATEGORIES

    def tally(self, slot: str, offer_id: str, cell: str = EVERYTHING) -> OutcomeCount:
        """The outcomes of an offer in a slot for all requests of a cell."""
        return self._by_cell.get((slot, offer_id, cell), NOTHING)

    def rate(self, slot: str, offer_id: str, cell: str, success: str, weight: float) -> Beta:
        """What is known of an offer's rate of `success`, clicked or converted, in a cell.

        It begins with the rate of all other offers of the slot. Each cell from the coarsest to the
        finest then adds its own outcomes, those that are not in the next finer one: what was known
        before counts as much as `weight` of them. So where a cell has few outcomes the coarser ones
        decide, and where it has many, it alone does; no outcome counts twice.
        """
        path = coarser(cell)
        tallies = [self.tally(slot, offer_id, each) for each in path]
        others = self._by_slot.get(slot, NOTHING).minus(tallies[0])
        known = _after(_START, others, success)
        rings = [tally.minus(finer) for tally, finer in pairwise(tallies)]
        for ring in (*rings, tallies[-1]):
            mean = min(max(known.mean, _LEAST), 1 - _LEAST)
            known = _after(Beta(weight * mean, weight * (1 - mean)), ring, success)
        return known


def _after(before: Beta, tally: OutcomeCount, success: str) -> Beta:
    """What is known after these outcomes. What succeeded was shown, reported or not."""
    successes = tally.conversions if success == "converted" else tally.clicks
    return Beta(before.successes + successes, before.failures + max(tally.views - successes, 0))
