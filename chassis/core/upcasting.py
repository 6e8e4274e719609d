"""Upcasting: events of older schema versions become current whenever they are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chassis.core.event import Event

Step = Callable[[dict[str, Any]], dict[str, Any]]


class NewerSchema(Exception):
    """The event was written by a later release: it waits until this one is updated."""


@dataclass(frozen=True, slots=True)
class Upcasters:
    """Steps by (event type, schema version): each turns that version's data into the next one's.

    A type without steps is at version 1.
    """

    steps: Mapping[tuple[str, int], Step] = field(default_factory=dict)

    def current(self, event_type: str) -> int:
        """The newest schema version of a type that this release knows."""
        version = 1
        while (event_type, version) in self.steps:
            version += 1
        return version

    def knows(self, event: Event) -> bool:
        """Whether the event's schema version is one that this release can read."""
        return event.schema_version <= self.current(event.type)

    def upcast(self, event: Event) -> Event:
        """The event with data of the current version; NewerSchema if it is past that."""
        current = self.current(event.type)
        if event.schema_version == current:
            return event
        if event.schema_version > current:
            raise NewerSchema(f"{event.type} has version {event.schema_version}")
        data = dict(event.data)
        for version in range(event.schema_version, current):
            data = self.steps[event.type, version](data)
        return replace(event, data=data, schema_version=current)
