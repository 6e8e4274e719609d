"""The read model of segments, as a rebuild makes it.

Labels and summaries come from the log of profiles, and memberships from segments' own. Nothing is
appended for the new model: profiles whose memberships are what their rules say are marked as
evaluated, and the others are left to be evaluated when it is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chassis.config.settings import Settings
from chassis.database.tables import GAPS, POSITIONS, RECONCILED
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.read_model import ReadModel
from profile_index import note_form, streams_of
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions
from services.segments.domain.evaluation import EvaluationState, evaluate
from services.segments.domain.value_model import VersionedModel, give_values
from services.segments.evaluator import reevaluate_due
from services.segments.projections import MembershipReplay, UnevaluatedProjection
from services.segments.registry import DefinitionRegistry
from services.segments.store import (
    ARCHIVED_DAYS,
    ARCHIVED_ORDERS,
    FACTS,
    FIELD_NAMES,
    MEMBERSHIPS,
    PROFILES,
    STAYS,
)
from services.segments.value_fitting import current_model
from services.segments.value_settings import load_value_settings

_AT_ONCE = 500


def read_model(settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """The tables to rebuild, in the order of our locks, and how.

    The definitions are those in force: a rebuild puts no file in force.
    """
    registry = DefinitionRegistry(load_value_settings(settings.config_dir).zone)

    def mark_all_evaluated(shadow: UnitOfWorkRunner, report: Callable[[int], None]) -> None:
        definitions = live.read(registry.current)
        model = live.read(current_model)
        marked, after = 0, ""
        report(marked)
        while page := shadow.read(partial(store.page_of_unevaluated, after=after, limit=_AT_ONCE)):
            shadow.run(
                partial(mark_evaluated, definitions=definitions, profile_ids=page, model=model)
            )
            marked, after = marked + len(page), page[-1]
            report(marked)

    def reevaluate_some(unit: UnitOfWork) -> bool:
        return reevaluate_due(unit, registry, _AT_ONCE) == _AT_ONCE

    return ReadModel(
        service="segments",
        tables=(
            POSITIONS,
            GAPS,
            PROFILES,
            LABELS,
            IDENTIFIERS,
            SUMMARIES,
            ARCHIVED_ORDERS,
            ARCHIVED_DAYS,
            FACTS,
            FIELD_NAMES,
            MEMBERSHIPS,
            STAYS,
            RECONCILED,
        ),
        lock_tables=(POSITIONS, PROFILES),
        projections={
            "profiles": UnevaluatedProjection(registry.zone),
            "segments": MembershipReplay(),
        },
        evaluate=mark_all_evaluated,
        record_changes=reevaluate_some,
        note_exchange=note_form,
    )


def mark_evaluated(
    unit: UnitOfWork,
    definitions: ActiveDefinitions,
    profile_ids: Sequence[str],
    model: VersionedModel | None = None,
) -> None:
    """Store when the profiles are due again, without appending anything.

    A profile whose memberships are not what its rules say, or were never published as a set, stays
    unevaluated.
    """
    streams = streams_of(unit, profile_ids)
    index = definitions.index
    facts = index.facts_of(index.read_facts)
    summaries = store.load_profile_summaries(unit, streams, facts, unit.now)
    give_values(model, summaries.values())
    members = store.load_memberships(unit, profile_ids)
    before = store.lock_profiles(unit, profile_ids)
    states: dict[str, EvaluationState] = {}
    for profile_id in profile_ids:
        evaluation = evaluate(summaries.get(profile_id), definitions, members[profile_id], unit.now)
        is_told = before[profile_id].is_settled or not streams[profile_id]
        if not evaluation.changes and is_told:
            states[profile_id] = EvaluationState(
                evaluation.next_at,
                definitions.generation,
                unit.now,
                evaluation.due,
                members[profile_id],
                is_settled=True,
            )
    store.save_evaluation_states(unit, states)
