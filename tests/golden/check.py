"""The golden samples: two of every event at every version, and what every reader makes of them.

One has every field. The other one has the least that its version promised, so that it tells when a
field is newly required, and when an upcaster counts on what need not be there.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from chassis import Event
from chassis.core.upcasting import Upcasters
from contracts.export import EventKind
from contracts.topology import TOPOLOGY
from deploy.services import service_class

Readers = Mapping[str, Mapping[str, Upcasters]]
"""By source, the upcasters of each service that reads its events, by service."""


@dataclass(frozen=True, slots=True)
class Folders:
    """Where the samples are, and the documents of events."""

    samples: Path
    documents: Path


def our_readers() -> Readers:
    """Every service reads its own log, and those that it follows."""
    return {
        source.name: {
            reader.name: service_class(reader.name).upcasters
            for reader in TOPOLOGY
            if source.name == reader.name or source.name in reader.follows
        }
        for source in TOPOLOGY
    }


def faults(folders: Folders, kinds: Iterable[EventKind], readers: Readers) -> list[str]:
    """What is wrong with the samples, each a sentence that says what to do."""
    found: list[str] = []
    expected: set[Path] = set()
    for kind in kinds:
        for reader, upcasters in readers[kind.source].items():
            if upcasters.current(kind.type) != kind.version:
                found.append(
                    f"{reader} reads {kind.type} of {kind.source} at version "
                    f"{upcasters.current(kind.type)}, but it is at {kind.version}: "
                    f"the class of {reader} must have the upcasters"
                )
        for version in range(1, kind.version + 1):
            for whole in (True, False):
                name = f"{kind.source}/{kind.type}.v{version}{'' if whole else '.least'}.json"
                expected.add(folders.samples / name)
                sample = _Sample(folders, kind, version, whole, folders.samples / name)
                found += [f"{name}: {fault}" for fault in sample.faults(readers)]
    for file in sorted(set(folders.samples.glob("*/*.json")) - expected):
        found.append(f"{file.relative_to(folders.samples)}: is a sample of no event that we tell")
    return found


@dataclass(frozen=True, slots=True)
class _Sample:
    folders: Folders
    kind: EventKind
    version: int
    whole: bool
    file: Path

    def faults(self, readers: Readers) -> Iterator[str]:
        if not self.file.is_file():
            fields = "with every field" if self.whole else "with no field that may be absent"
            yield f"there is no sample: add one as it is on the wire, {fields}"
            return
        sample = json.loads(self.file.read_text())
        document = self.document(self.version)
        if not document:
            yield f"the document of version {self.version} is gone; put it back"
            return
        if fault := _mismatch(_closed(document), sample):
            yield f"the sample is not what the document of its version says: {fault}"
            return
        for path, rest in () if self.whole else less(document, sample):
            if not _mismatch(document, rest):
                yield f"{path} may be absent: remove it"
                return
        current = self.document(self.kind.version)
        for reader, upcasters in readers[self.kind.source].items():
            try:
                read = upcasters.upcast(Event.from_wire(sample)).to_wire()
            except Exception as error:  # noqa: BLE001 - whatever an upcaster raises
                yield f"the upcasters of {reader} raise {type(error).__name__}: {error}"
                continue
            if fault := _mismatch(current, read):
                made = f"do not make version {self.kind.version} of it"
                yield f"the upcasters of {reader} {made}: {fault}"

    def document(self, version: int) -> Any:
        """The document of the event at a version; None if it is gone."""
        name = f"{self.kind.type}.v{version}.json"
        file = self.folders.documents / self.kind.source / name
        return json.loads(file.read_text()) if file.is_file() else None


def _mismatch(document: Any, wire: Mapping[str, Any]) -> str:
    error = best_match(Draft7Validator(document).iter_errors(wire))
    return f"{error.json_path}: {error.message}" if error else ""


def less(schema: Any, value: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    """`value` without one of the fields that the schema names, for each of them, with its path."""
    if not isinstance(schema, dict):
        return
    if isinstance(value, dict):
        fields = schema.get("properties", {})
        for name, part in value.items():
            if name in fields:
                yield f"{path}.{name}", {n: p for n, p in value.items() if n != name}
            of = fields.get(name, schema.get("additionalProperties"))
            for place, rest in less(of, part, f"{path}.{name}"):
                yield place, {**value, name: rest}
    elif isinstance(value, list):
        for index, part in enumerate(value):
            for place, rest in less(schema.get("items"), part, f"{path}[{index}]"):
                yield place, [*value[:index], rest, *value[index + 1 :]]


def _closed(schema: Any) -> Any:
    """The schema without room for further fields, so that a field that it has lost is missed."""
    if isinstance(schema, list):
        return [_closed(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _closed(part) for name, part in schema.items()}
    if "properties" in closed and closed.get("additionalProperties") is True:
        closed["additionalProperties"] = False
    return closed
