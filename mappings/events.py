"""The events of a mapping, each with the conditions on which a record becomes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from typing import Any

from chassis.config.yaml_document import Entry
from mappings.conditions import Conditions, read_conditions
from mappings.lines import Row
from mappings.templates import ABSENT, RecordCells, Value
from mappings.values import compile_value, object_of

# Columns that every record has: its name, and when its file was last changed.
ROW, FILE_TIME = "cdp_row", "cdp_file_time"
CONDITIONS = ("when", "unless")
_REQUIRED = ("type", "time", "identifiers", "authenticated")
_OPTIONAL = ("id", "proven", "context", "data", *CONDITIONS)
_ID_BYTES = 4


@dataclass(frozen=True, slots=True)
class EventMapping:
    """One event that a record becomes, if its `conditions` hold.

    `made_id` ends the id of an event that the mapping gives none: with the type of the event it
    keeps apart what several mappings, or several events of one, make of the same row.
    """

    value: Value
    currency: Value | None
    conditions: Conditions
    made_id: str

    def make(self, rows: Sequence[Row], blank: frozenset[str]) -> dict[str, Any] | None:
        """The event, or None if the record does not become one.

        `blank` are the texts that stand for an empty cell, also in lines that a cell holds.
        """
        if not self.conditions.hold(_joint(rows)):
            return None
        record = RecordCells(rows, blank=blank)
        currency = self.currency.make(record) if self.currency else ABSENT
        event: dict[str, Any] = self.value.make(replace(record, currency=currency))
        if event.get("type") is None:
            return event  # which the services refuse, with the field
        if "id" not in event:
            name = f"{self.made_id}/{event['type']}"
            digest = blake2b(name.encode(), digest_size=_ID_BYTES).hexdigest()
            event = {"id": f"{rows[0][ROW]}-{digest}", **event}
        return event


def read_events(document: Mapping[str, Entry], root: Entry, name: str) -> tuple[EventMapping, ...]:
    """The events of a mapping; `name` goes into the ids that it makes."""
    if ("event" in document) == ("events" in document):
        root.refuse("needs one of `event`, and `events` for a list of them")
    entries = document["events"].items() if "events" in document else [document["event"]]
    return tuple(
        _event(entry, f"{name}/{index}" if index else name) for index, entry in enumerate(entries)
    )


def _event(entry: Entry, made_id: str) -> EventMapping:
    fields = entry.record(_REQUIRED, _OPTIONAL)
    values = {name: compile_value(part) for name, part in fields.items() if name not in CONDITIONS}
    data = fields.get("data")
    currency = data.literal_fields().get("currency") if data and data.is_mapping() else None
    return EventMapping(
        value=object_of(values),
        currency=compile_value(currency) if currency else None,
        conditions=read_conditions(fields, entry.path),
        made_id=made_id,
    )


def _joint(rows: Sequence[Row]) -> Row:
    """The cells of a record: of each column the first that is not empty."""
    joint = dict(rows[0])
    for row in rows[1:]:
        joint.update({name: cell for name, cell in row.items() if cell and not joint.get(name)})
    return joint
