"""The read model of profiles, as a rebuild makes it: the directory, folded from profiles' own log.

How far profiles has followed identity is no part of it: what it learned from there is in its log.
"""

from __future__ import annotations

from collections.abc import Sequence

from chassis import Event
from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWork, UnitOfWorkRunner
from chassis.projections.read_model import LockMode, ReadModel
from profile_index import apply_identity, update_summaries
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES


def read_model(settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """What is to be made anew, and how; who records reads the labels first."""
    del settings, live
    return ReadModel(
        service="profiles",
        tables=(LABELS, IDENTIFIERS, SUMMARIES),
        lock_tables=(LABELS,),
        lock_mode=LockMode.ACCESS_EXCLUSIVE,
        projections={"profiles": IndexProjection()},
    )


class IndexProjection:
    """Keeps labels and summaries of the events of the log."""

    def apply(self, unit: UnitOfWork, events: Sequence[Event]) -> None:
        apply_identity(unit.connection, events)
        update_summaries(unit.connection, events)
