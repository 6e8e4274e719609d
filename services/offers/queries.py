"""The query `explain`: a decision as it was logged."""

from __future__ import annotations

from typing import Any

from chassis import InvalidInput, NotFound
from chassis.core.event import is_name
from chassis.eventlog.unit_of_work import UnitOfWork


def read_decision(unit: UnitOfWork, decision_id: object) -> dict[str, Any]:
    """A decision with its trace and the request; NotFound if it is not in the log."""
    if not is_name(decision_id):
        raise InvalidInput("decision_id", "must be the text that `decide` returned")
    events = unit.history({decision_id: 0}, 1)
    if not events:
        raise NotFound("decision_id", "is not a decision in the log; a dry run is not logged")
    return dict(events[0].data)
