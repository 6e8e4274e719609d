"""The read model of offers, as a rebuild makes it from the logs of profiles and segments."""

from __future__ import annotations

from chassis.config.settings import Settings
from chassis.database.tables import GAPS, POSITIONS, RECONCILED
from chassis.eventlog.unit_of_work import UnitOfWorkRunner
from chassis.projections.read_model import ReadModel
from profile_index import note_form
from profile_index.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.offers.projections import SegmentProjection, ShopperProjection
from services.offers.store import (
    CARRIED,
    MEMBERSHIPS,
    ORDER_RETURNS,
    POINT_ENTRIES,
    REUSED_ORDER_IDS,
)


def read_model(settings: Settings, live: UnitOfWorkRunner) -> ReadModel:
    """The tables to rebuild, identifiers first since a decision reads them first, and how."""
    del settings, live
    return ReadModel(
        service="offers",
        tables=(
            IDENTIFIERS,
            LABELS,
            MEMBERSHIPS,
            POSITIONS,
            GAPS,
            SUMMARIES,
            RECONCILED,
            CARRIED,
            ORDER_RETURNS,
            REUSED_ORDER_IDS,
            POINT_ENTRIES,
        ),
        lock_tables=(POSITIONS,),
        projections={"profiles": ShopperProjection(), "segments": SegmentProjection()},
        note_exchange=note_form,
    )
