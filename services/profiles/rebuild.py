"""The read model of profiles, as a rebuild makes it: the index, folded from profiles' own log.

The position in identity's log is no part of it: what came from there is in our own log.
"""

from __future__ import annotations

from chassis.config.settings import Settings
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.read_model import LockMode, ReadModel
from profile_index import note_form
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.profiles.projections import IndexProjection
from services.profiles.store import SAVED_DETAILS


def read_model(settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """The tables to rebuild, and how; who records reads the labels first, so they are locked."""
    del settings, live
    return ReadModel(
        service="profiles",
        tables=(LABELS, IDENTIFIERS, SUMMARIES, SAVED_DETAILS),
        lock_tables=(LABELS,),
        lock_mode=LockMode.ACCESS_EXCLUSIVE,
        projections={"profiles": IndexProjection()},
        note_exchange=note_form,
    )
