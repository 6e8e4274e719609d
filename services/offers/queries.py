"""The query `explain`: a decision of the log, made again from its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chassis import InvalidInput, NotFound
from chassis.core.event import is_name
from chassis.eventlog.unit_of_work import UnitOfWork
from services.offers.domain.catalogue import Catalogue
from services.offers.domain.log_entry import replay
from services.offers.domain.trace import to_wire
from services.offers.registry import CatalogueRegistry


def read_decision(
    unit: UnitOfWork, decision_id: object, catalogues: CatalogueRegistry
) -> dict[str, Any]:
    """A decision with its trace and the request; NotFound if it is not in the log.

    A decision of version 1 has its trace in the log.
    """
    if not is_name(decision_id):
        raise InvalidInput("decision_id", "must be the text that `decide` returned")
    events = unit.history({decision_id: 0}, 1)
    if not events:
        raise NotFound("decision_id", "is not a decision in the log; a dry run is not logged")
    entry = events[0].data
    if "trace" in entry:
        return dict(entry)
    return _explained(decision_id, entry, catalogues.of(unit, entry["inputs"]["catalogue"]))


def _explained(decision_id: str, entry: Mapping[str, Any], catalogue: Catalogue) -> dict[str, Any]:
    again = replay(entry, catalogue)
    slots = {name: [block.to_wire() for block in blocks] for name, blocks in again.slots.items()}
    rest = {name: value for name, value in entry.items() if name != "evaluator"}
    return {**rest, "decision_id": decision_id, "slots": slots, "trace": to_wire(again.trace)}
