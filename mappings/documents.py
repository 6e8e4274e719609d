"""A mapping for documents in JSON, each of which is a record by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from chassis.config.yaml_document import read_document
from chassis.core.errors import InvalidInput
from mappings.conditions import Conditions, read_conditions
from mappings.events import CONDITIONS, FILE_TIME, ROW, EventMapping, read_events
from mappings.lines import Row, flatten


@dataclass(frozen=True, slots=True)
class DocumentMapping:
    """Which documents count, and the events that one becomes."""

    rows: Conditions
    events: tuple[EventMapping, ...]

    def make(self, document: Mapping[str, Any], name: str, time: str) -> list[dict[str, Any]]:
        """The events of a document, called `name` and received at `time`.

        InvalidInput names the field at fault.
        """
        row: Row = {**flatten(document), ROW: name, FILE_TIME: time}
        if not self.rows.hold(row):
            return []
        made = (event.make([row], frozenset()) for event in self.events)
        return [event for event in made if event is not None]


def read_document_mapping(text: str, name: str) -> DocumentMapping:
    """The mapping of a file of that text; InvalidInput names the place to correct."""
    try:
        root = read_document(text, name)
        document = root.record(required=(), optional=("event", "events", "rows"))
        rows = document["rows"].record((), CONDITIONS) if "rows" in document else {}
        return DocumentMapping(
            rows=read_conditions(rows, "rows"), events=read_events(document, root, name)
        )
    except RecursionError:  # an anchor that contains itself
        raise InvalidInput(name, "is nested too deeply; flatten it") from None
