"""Events: what happened, told to one stream or to several at once, and their form on the wire."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import uuid6

from chassis.errors import InvalidInput
from chassis.instants import format_instant, parse_instant

EXTENSIONS = {  # metadata -> CloudEvents extension attributes, which are lower case without "_"
    "profile_id": "profileid",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "joint": "joint",
}


def new_id() -> str:
    """A UUIDv7 as text: unique, and later ones sort after earlier ones."""
    return str(uuid6.uuid7())


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that is not in the log yet: the log gives it a version and a time of recording."""

    id: str
    stream: str
    type: str
    data: Mapping[str, Any]
    occurred_at: int
    schema_version: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JointDraft:
    """One fact that is told to several streams at once: all of them hold it, or none.

    `entries` maps each stream to what the fact says of it. The copy in stream s gets the id
    `copy_id(id, s)`, and every copy carries, beside `data` and `fact_id`, the list `streams` of
    `{"stream": s, "version": the version of the copy in s, **entries[s]}`, sorted by stream.
    """

    id: str
    type: str
    entries: Mapping[str, Mapping[str, Any]]
    data: Mapping[str, Any]
    occurred_at: int
    schema_version: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)


def copy_id(fact_id: str, stream: str) -> str:
    """The id of a joint fact's copy in `stream`, the same whoever computes it."""
    return str(uuid.uuid5(uuid.UUID(fact_id), stream))


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a log: `version` counts from 1 in its stream; instants are microseconds, UTC."""

    id: str
    source: str
    type: str
    stream: str
    version: int
    data: Mapping[str, Any]
    occurred_at: int
    recorded_at: int
    schema_version: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def joint(self) -> bool:
        """Whether this is one copy of a fact that was told to several streams."""
        return bool(self.metadata.get("joint"))

    @property
    def versions(self) -> dict[str, int]:
        """The version that this event has in each stream that it was told to."""
        if self.joint:
            return {entry["stream"]: entry["version"] for entry in self.data["streams"]}
        return {self.stream: self.version}

    def to_wire(self) -> dict[str, Any]:
        """The event as a CloudEvents 1.0 object of plain JSON."""
        wire = {
            "specversion": "1.0",
            "id": self.id,
            "source": f"/{self.source}",
            "type": self.type,
            "subject": self.stream,
            "time": format_instant(self.occurred_at),
            "datacontenttype": "application/json",
            "sequence": self.version,
            "recordedtime": format_instant(self.recorded_at),
            "schemaversion": self.schema_version,
            "data": self.data,
        }
        for name, attribute in EXTENSIONS.items():
            if self.metadata.get(name) is not None:
                wire[attribute] = self.metadata[name]
        return wire

    @classmethod
    def from_wire(cls, wire: object) -> Event:
        """The event of a CloudEvents object; InvalidInput names what is missing or wrong."""
        if not isinstance(wire, dict):
            raise InvalidInput("event", "must be a JSON object")
        texts = {name: _typed(wire, name, str) for name in ("id", "source", "type", "subject")}
        event = cls(
            id=texts["id"],
            source=texts["source"].removeprefix("/"),
            type=texts["type"],
            stream=texts["subject"],
            version=_typed(wire, "sequence", int),
            data=_typed(wire, "data", dict),
            occurred_at=parse_instant(wire.get("time"), "time"),
            recorded_at=parse_instant(wire.get("recordedtime"), "recordedtime"),
            schema_version=_typed(wire, "schemaversion", int),
            metadata={n: wire[a] for n, a in EXTENSIONS.items() if wire.get(a) is not None},
        )
        if event.version < 1:
            raise InvalidInput("sequence", "counts from 1")
        if event.joint:
            _check_joint(event)
        return event


def _typed(wire: Mapping[str, Any], name: str, kind: type) -> Any:
    value = wire.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidInput(name, f"must be a JSON {kind.__name__}")
    return value


def _check_joint(event: Event) -> None:
    entries = event.data.get("streams")
    if not isinstance(entries, list) or not all(
        isinstance(e, dict)
        and isinstance(e.get("stream"), str)
        and isinstance(e.get("version"), int)
        for e in entries
    ):
        raise InvalidInput("data.streams", "must list the stream and version of every copy")
    if event.versions.get(event.stream) != event.version:
        raise InvalidInput("data.streams", "must hold this copy's own stream and version")
