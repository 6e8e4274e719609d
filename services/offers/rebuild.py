"""The read model of offers, as a rebuild makes it: what it holds of profiles and of segments."""

from __future__ import annotations

from chassis.rebuild import ReadModel
from chassis.schema import POSITIONS, RECONCILED
from chassis.settings import Settings
from chassis.work import Work
from directory.tables import IDENTIFIERS, LABELS, SUMMARIES
from services.offers.projections import ProfileEvents, SegmentEvents
from services.offers.store import MEMBERSHIPS


def read_model(settings: Settings, live: Work) -> ReadModel:
    """What is to be made anew, and how; a decision reads the identifiers first."""
    del settings, live
    return ReadModel(
        service="offers",
        tables=(IDENTIFIERS, LABELS, MEMBERSHIPS, POSITIONS, SUMMARIES, RECONCILED),
        held=(POSITIONS,),
        projections={"profiles": ProfileEvents(), "segments": SegmentEvents()},
    )
