"""The golden samples: one of every event at every version, and what every reader makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator
from jsonschema.exceptions import best_match

from cdp.suite import service_class
from chassis import Event
from chassis.upcasting import Upcasters
from contracts.documents import EventKind
from deploy.access import SERVICES

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
            for reader in SERVICES
            if source.name == reader.name or source.name in reader.follows
        }
        for source in SERVICES
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
            name = f"{kind.source}/{kind.type}.v{version}.json"
            expected.add(folders.samples / name)
            found += [f"{name}: {fault}" for fault in _judge(folders, kind, version, readers)]
    for file in sorted(set(folders.samples.rglob("*.json")) - expected):
        found.append(f"{file.relative_to(folders.samples)}: is a sample of no event that we tell")
    return found


def _judge(folders: Folders, kind: EventKind, version: int, readers: Readers) -> Iterator[str]:
    written = folders.samples / kind.source / f"{kind.type}.v{version}.json"
    if not written.is_file():
        yield "there is no sample: add one as it is on the wire, with every field"
        return
    sample = json.loads(written.read_text())
    if fault := _mismatch(folders, kind, version, sample, close=True):
        yield f"the sample is not what the document of its version says: {fault}"
        return
    for reader, upcasters in readers[kind.source].items():
        try:
            read = upcasters.upcast(Event.from_wire(sample)).to_wire()
        except Exception as error:  # noqa: BLE001 - whatever an upcaster raises
            yield f"the upcasters of {reader} raise {type(error).__name__}: {error}"
            continue
        if fault := _mismatch(folders, kind, kind.version, read):
            yield f"the upcasters of {reader} do not make version {kind.version} of it: {fault}"


def _mismatch(
    folders: Folders, kind: EventKind, version: int, wire: Mapping[str, Any], close: bool = False
) -> str:
    file = folders.documents / kind.source / f"{kind.type}.v{version}.json"
    if not file.is_file():
        return f"the document of version {version} is gone; put it back"
    document = json.loads(file.read_text())
    validator = Draft7Validator(_closed(document) if close else document)
    error = best_match(validator.iter_errors(wire))
    return f"{error.json_path}: {error.message}" if error else ""


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
