"""The read model of segments, as a rebuild makes it.

Labels and summaries come from the log of profiles, and what was told of memberships from segments'
own. In the new model nothing is told: profiles whose memberships are as they were told are set down
as evaluated, and the others are left to be settled when it is in use.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from chassis import Event
from chassis.config.settings import Settings
from chassis.database.tables import POSITIONS, RECONCILED
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.read_model import ReadModel
from profile_index import load_summaries, streams_of
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from rules import Summary, combine
from services.segments import store
from services.segments.domain.definitions import ActiveDefinitions
from services.segments.domain.evaluation import Membership, evaluate
from services.segments.evaluator import ENTERED, follow, reevaluate_due
from services.segments.registry import open_registry
from services.segments.store import MEMBERSHIPS, PROFILES, EvaluationState

_AT_ONCE = 500
_UNJUDGED = EvaluationState(None, 0)


def read_model(settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """What is to be made anew, and how."""
    shelf = open_registry(settings)

    def evaluate_all(shadow: UnitOfWorkRunner, report: Callable[[int], None]) -> None:
        definitions = live.run(shelf.current)
        pages = 0
        after: str | None = ""
        while after is not None:
            report(pages * _AT_ONCE)
            after = shadow.run(partial(judge, definitions=definitions, after=after))
            pages += 1

    def record_changes(unit: UnitOfWork) -> bool:
        return reevaluate_due(unit, shelf, _AT_ONCE) == _AT_ONCE

    return ReadModel(
        service="segments",
        tables=(POSITIONS, PROFILES, LABELS, IDENTIFIERS, SUMMARIES, MEMBERSHIPS, RECONCILED),
        lock_tables=(POSITIONS, PROFILES),
        projections={"profiles": UnevaluatedProjection(), "segments": MembershipReplay()},
        evaluate=evaluate_all,
        record_changes=record_changes,
    )


class UnevaluatedProjection:
    """Keeps labels and summaries, and notes whom the events touch."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        touched, _ = follow(unit, events)
        store.save_standings(unit.connection, dict.fromkeys(touched, _UNJUDGED))


class MembershipReplay:
    """Keeps what segments itself has told of memberships."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        told: dict[tuple[str, str], Membership | None] = {}
        for event in events:
            entered = Membership(event.occurred_at, event.data["definition_version"])
            place = event.stream, event.data["segment"]
            told[place] = entered if event.type == ENTERED else None
        store.delete_exits(unit.connection, told)
        store.save_entries(
            unit.connection, {place: entered for place, entered in told.items() if entered}
        )
        touched = {profile_id for profile_id, _ in told}
        store.save_standings(unit.connection, dict.fromkeys(touched, _UNJUDGED))


def judge(unit: UnitOfWork, definitions: ActiveDefinitions, after: str) -> str | None:
    """Set down when the next profiles past `after` are due; the last of them, None at the end.

    Nothing is told. A profile that is not in the segments that were told of it stays unjudged.
    """
    page = store.page_of_unjudged(unit.connection, after, _AT_ONCE)
    streams = streams_of(unit.connection, page)
    stored = load_summaries(unit.connection, {s for part in streams.values() for s in part})
    members = store.load_memberships(unit.connection, page)
    judged: dict[str, EvaluationState] = {}
    for profile_id in page:
        parts = [Summary.load(stored[s][1]) for s in streams[profile_id] if s in stored]
        evaluation = evaluate(
            combine(parts) if streams[profile_id] else None,
            definitions,
            members[profile_id],
            unit.now,
        )
        if not evaluation.changes:
            judged[profile_id] = EvaluationState(evaluation.next_at, definitions.generation)
    if judged:
        store.save_standings(unit.connection, judged)
    return page[-1] if page else None
