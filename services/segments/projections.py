"""Projections: the events of profiles, and for a rebuild those of segments itself."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import Event, parse_instant
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import apply_identity, profiles_of, update_summaries
from services.segments import store
from services.segments.domain.evaluation import UNEVALUATED, Membership
from services.segments.evaluator import ENTERED, EXITED, Loaded, reevaluate
from services.segments.registry import DefinitionRegistry


class MembershipProjection:
    """Keeps summaries and labels, and evaluates every profile that the events touch."""

    def __init__(self, registry: DefinitionRegistry) -> None:
        self.registry = registry

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        reasons, loaded = _follow(unit, events)
        states = store.lock_profiles(unit, reasons)
        reevaluate(unit, self.registry, states, reasons, loaded)


class UnevaluatedProjection:
    """For a rebuild: keeps labels and summaries, and leaves the evaluation for later."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        touched, _ = _follow(unit, events)
        store.save_evaluation_states(unit, dict.fromkeys(touched, UNEVALUATED))


class MembershipReplay:
    """For a rebuild: keeps the memberships of segments' own log."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        memberships: dict[tuple[str, str], Membership | None] = {}
        for event in events:
            if event.type not in (ENTERED, EXITED):
                continue
            since = event.data.get("member_since")  # of a segment that was renamed
            entered = Membership(
                parse_instant(since) if since else event.occurred_at,
                event.data["definition_version"],
            )
            row = event.stream, event.data["segment"]
            memberships[row] = entered if event.type == ENTERED else None
        store.delete_exits(unit, memberships)
        store.save_entries(unit, {row: entered for row, entered in memberships.items() if entered})
        touched = {profile_id for profile_id, _ in memberships}
        store.save_evaluation_states(unit, dict.fromkeys(touched, UNEVALUATED))


def _follow(unit: UnitOfWork, events: Sequence[Event]) -> tuple[dict[str, str], Loaded]:
    """Keep labels and summaries; the profiles that the events touch, with the reason."""
    moves = apply_identity(unit, events)
    loaded = _sum_up(unit, events)
    touched = set(profiles_of(unit, loaded.versions).values())
    reasons = dict.fromkeys(touched, "event")
    for move in moves:
        if move.before is not None:
            reasons |= dict.fromkeys((move.before, move.after), "merge")
    return reasons, loaded


def _sum_up(unit: UnitOfWork, events: Sequence[Event]) -> Loaded:
    """Add the events to their streams' summaries."""
    versions: dict[str, int] = {}
    newest: dict[str, Event] = {}
    for event in events:
        versions.update(event.versions)
        newest.update(dict.fromkeys(event.versions, event))
    return Loaded(update_summaries(unit, events), versions, newest)
