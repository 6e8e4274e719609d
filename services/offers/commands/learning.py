"""What bandits learn: outcomes are counted in the database, and every process reads the counts."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Sequence

from chassis import MINUTE
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from services.offers import store
from services.offers.domain.draws import ChanceDraws
from services.offers.domain.outcomes import JoinedOutcome
from services.offers.domain.request import DecisionRequest
from services.offers.domain.statistics import CellCount, OutcomeCount, Statistics

# A count is dated before its transaction commits, by the clock of its process.
_OVERLAP = MINUTE
_ONE = {
    "shown": OutcomeCount(views=1),
    "clicked": OutcomeCount(clicks=1),
    "converted": OutcomeCount(conversions=1),
}


def count_outcomes(unit: UnitOfWork, outcomes: Sequence[JoinedOutcome]) -> None:
    """Add the outcomes of offers that a bandit has drawn to the counts of their cells."""
    counts: dict[tuple[str, str, str], OutcomeCount] = defaultdict(OutcomeCount)
    for outcome, decision in ((each.outcome, each.decision) for each in outcomes):
        drawn = decision.get("rankings", {}).get(outcome.slot)
        if drawn is not None and outcome.offer_id is not None:
            key = (f"{outcome.placement}.{outcome.slot}", outcome.offer_id, drawn["cell"])
            counts[key] = counts[key].plus(_ONE[outcome.kind])
    store.add_outcome_counts(unit, [CellCount(*key, count) for key, count in counts.items()])


class StatisticsRegistry:
    """What this process knows of the offers' rates; `chance()` is uniform on [0, 1)."""

    def __init__(self, chance: Callable[[], float] = random.random) -> None:
        self.current = Statistics()
        """The counts as they were when they were last looked up."""
        self._chance = chance
        self._counted_at = 0

    def draws(self, request: DecisionRequest) -> ChanceDraws:
        """The draws of bandits for a request."""
        return ChanceDraws(request.placement, request.context, self.current, self._chance)

    def refresh(self, work: UnitOfWorkRunner) -> None:
        """Take over the counts that have changed; Unavailable if the database does not answer."""
        since = self._counted_at - _OVERLAP
        counts, counted_at = work.read(lambda unit: store.load_outcome_counts(unit, since))
        self.current.put(counts)
        self._counted_at = max(self._counted_at, counted_at)
