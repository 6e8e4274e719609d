"""What experiments keep of outcomes, within the unit that joins these with their decisions."""

from __future__ import annotations

from collections.abc import Sequence

from prometheus_client import Counter

from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWork
from identifiers import IdentifierTypes, load_types
from services.offers import store
from services.offers.commands.learning import count_outcomes
from services.offers.commands.outcomes import OutcomeHandler
from services.offers.domain.exposures import ExposureConflict, exposures_of, responses_of
from services.offers.domain.outcomes import JoinedOutcome

CONFLICTS = Counter(
    "cdp_experiment_conflicts", "Shoppers who saw several variants of an experiment."
)


class ExposureKeeper:
    """Keeps who was exposed to which experiment first, and what shoppers did."""

    def __init__(self, types: IdentifierTypes) -> None:
        self._types = types

    def __call__(self, unit: UnitOfWork, outcomes: Sequence[JoinedOutcome]) -> None:
        """Keep what of these outcomes concerns experiments."""
        if exposures := exposures_of(outcomes):
            store.save_exposures(unit, exposures)
            keys = sorted({each["key"] for each in exposures})
            tell_conflicts(unit, store.load_conflicts(unit, keys=keys))
        store.save_responses(unit, responses_of(outcomes, self._types))


def tell_conflicts(unit: UnitOfWork, conflicts: Sequence[ExposureConflict]) -> None:
    """Append an event for each conflict that has none yet."""
    drafts = {draft.id: draft for draft in (each.draft(unit.now) for each in conflicts)}
    known = unit.find(sorted(drafts)) if drafts else {}
    if new := [draft for id_, draft in sorted(drafts.items()) if id_ not in known]:
        unit.append(new)
        unit.after_commit(lambda: CONFLICTS.inc(len(new)))


def open_outcome_handler(settings: Settings) -> OutcomeHandler:
    """The handler of outcomes of one process; InvalidInput if identity.yaml has a mistake."""
    return OutcomeHandler([ExposureKeeper(load_types(settings.config_dir)), count_outcomes])
