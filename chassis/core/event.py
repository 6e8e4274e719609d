"""Events: what happened, recorded in one stream or in several, and their form on the wire."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeGuard

import uuid_utils

from chassis.core.errors import InvalidInput
from chassis.core.instants import format_instant, parse_instant

EXTENSIONS = {  # metadata -> CloudEvents extension attributes, which are lower case without "_"
    "profile_id": "profileid",
    "correlation_id": "correlationid",
    "causation_id": "causationid",
    "traceparent": "traceparent",  # CloudEvents' extension for distributed tracing
    "joint": "joint",
    "origin": "origin",
    "unproven": "unproven",
    "arrival": "arrival",
    "order_home": "orderhome",
    "order_apart": "orderapart",
    "address": "address",
    "contacts": "contacts",
}
_MOST = 2**31 - 1  # the largest version that its column can store
_ARRIVAL = re.compile(r"(\d{1,18})/(\d{1,9})", re.ASCII)
_LONGEST_NAME = 500  # characters, so that an index takes it


def new_id() -> str:
    """A UUIDv7 as text: unique, and later ones sort after earlier ones."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Draft:
    """An event that the log has not given a version and a time of recording yet."""

    id: str
    stream: str
    type: str
    data: Mapping[str, Any]
    occurred_at: int
    schema_version: int = 1
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JointDraft:
    """A joint fact that is not in the log yet: all its streams get it, or none.

    `entries` maps each stream to what the fact says about it. The copy in stream s gets the id
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
    return str(uuid_utils.uuid5(uuid_utils.UUID(fact_id), stream))


@dataclass(frozen=True, slots=True)
class Event:
    """An event of a log: `version` counts from 1 in its stream; instants are microseconds, UTC.

    `incarnation` is that of the log as it was read: after a restore from a backup, versions that it
    had given are given again.
    """

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
    incarnation: int = field(default=1, compare=False)
    _versions: Mapping[str, int] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def joint(self) -> bool:
        """Whether this is one copy of a joint fact."""
        return bool(self.metadata.get("joint"))

    @property
    def origin(self) -> dict[str, str]:
        """The call that led to this event, as metadata of the events that follow from it."""
        names = ("correlation_id", "traceparent")
        return {name: self.metadata[name] for name in names if name in self.metadata}

    @property
    def arrival(self) -> tuple[int, int]:
        """When the event was received (µs), and its place in the call: the greater one came later.

        An event that does not say so came when it was recorded.
        """
        arrival = self.metadata.get("arrival")
        if isinstance(arrival, str) and (match := _ARRIVAL.fullmatch(arrival)):
            return int(match[1]), int(match[2])
        if isinstance(arrival, list | tuple) and len(arrival) == 2:
            return int(arrival[0]), int(arrival[1])
        return self.recorded_at, self.version

    @property
    def versions(self) -> Mapping[str, int]:
        """The version of this event in each stream that it is recorded in."""
        versions = self._versions
        if versions is None:
            versions = {self.stream: self.version}
            if self.joint:
                versions = {entry["stream"]: entry["version"] for entry in self.data["streams"]}
            object.__setattr__(self, "_versions", versions)  # a projection asks a dozen times
        return versions

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
        if "arrival" in wire:  # an attribute of CloudEvents is no list
            wire["arrival"] = "{}/{}".format(*self.arrival)
        if self.incarnation > 1:
            wire["incarnation"] = self.incarnation
        return wire

    @classmethod
    def from_wire(cls, wire: object) -> Event:
        """The event of a CloudEvents object; InvalidInput names what is missing or wrong."""
        if not isinstance(wire, dict):
            raise InvalidInput("event", "must be a JSON object")
        texts = {name: _text(wire, name) for name in ("id", "source", "type", "subject")}
        event = cls(
            id=texts["id"],
            source=texts["source"].removeprefix("/"),
            type=texts["type"],
            stream=texts["subject"],
            version=_count(wire, "sequence"),
            data=_typed(wire, "data", dict),
            occurred_at=parse_instant(wire.get("time"), "time"),
            recorded_at=parse_instant(wire.get("recordedtime"), "recordedtime"),
            schema_version=_count(wire, "schemaversion"),
            metadata={n: wire[a] for n, a in EXTENSIONS.items() if wire.get(a) is not None},
            incarnation=_count(wire, "incarnation") if "incarnation" in wire else 1,
        )
        if event.joint:
            _check_joint(event)
        return event


def _typed(wire: Mapping[str, Any], name: str, kind: type) -> Any:
    value = wire.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise InvalidInput(name, f"must be a JSON {kind.__name__}")
    return value


def _text(wire: Mapping[str, Any], name: str) -> str:
    value: str = _typed(wire, name, str)
    if not is_name(value):
        raise InvalidInput(
            name, f"must be text of 1 to {_LONGEST_NAME} characters that can be stored"
        )
    return value


def _count(wire: Mapping[str, Any], name: str) -> int:
    value: int = _typed(wire, name, int)
    if not _is_count(value):
        raise InvalidInput(name, f"must be a whole number from 1 to {_MOST}")
    return value


def is_name(value: object) -> TypeGuard[str]:
    """Whether a database can store and index it: not long, no NUL, no half of a surrogate pair."""
    if not isinstance(value, str) or not 0 < len(value) <= _LONGEST_NAME or "\0" in value:
        return False
    return value.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST


def _check_joint(event: Event) -> None:
    entries = event.data.get("streams")
    if not isinstance(entries, list) or not all(
        isinstance(e, dict) and is_name(e.get("stream")) and _is_count(e.get("version"))
        for e in entries
    ):
        raise InvalidInput("data.streams", "must list the stream and version of every copy")
    if len(event.versions) != len(entries):
        raise InvalidInput("data.streams", "must list every stream once")
    if event.versions.get(event.stream) != event.version:
        raise InvalidInput("data.streams", "must hold this copy's own stream and version")
