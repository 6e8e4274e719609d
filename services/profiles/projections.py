"""Projections: identity's facts into our log; and for a rebuild, our own log into the index."""

from __future__ import annotations

from collections.abc import Sequence

from chassis import Event
from chassis.eventlog.unit_of_work import UnitOfWork
from profile_index import apply_identity, update_summaries
from services.profiles import store
from services.profiles.domain.recording import fact_drafts


class IdentityProjection:
    """Appends the facts of identity that no `record` has: splits, merges, leftovers of a crash."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        facts = [event for event in events if event.type == "identity_changed"]
        stored = unit.find([fact.id for fact in facts])  # most of them came by `record`
        new = [fact for fact in facts if fact.id not in stored]
        store.append(unit, fact_drafts(new), [])


class IndexProjection:
    """For a rebuild: keeps labels, summaries and saved details of the events of the log."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        apply_identity(unit, events)
        update_summaries(unit, events)
        store.keep_details(unit, events)
