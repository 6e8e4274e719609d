"""The committed documents in a folder, and what is wrong with them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

import yaml

from contracts.export.compatibility import Direction, breaks
from contracts.export.generation import Document
from contracts.export.inventory import EVENTS

_AGAIN = "run: python -m contracts.export"
_NEW_EVENT = "give the event a new version and an upcaster: docs/reference/contracts.md"
_NEW_CALL = "keep it, and offer a call of another name: docs/reference/contracts.md"


def render(document: Document) -> str:
    """The text of a document's file: YAML or JSON, by its name."""
    if document.path.suffix == ".yaml":
        text: str = yaml.safe_dump(document.content, sort_keys=False, allow_unicode=True, width=100)
        return text
    return json.dumps(document.content, indent=2, ensure_ascii=False) + "\n"


def broken(folder: Path, present: Iterable[Document]) -> list[str]:
    """What the present schemas break of the committed documents of the same version."""
    return [fault for document in present for fault in _broken(folder, document)]


def drifted(folder: Path, present: Iterable[Document]) -> list[str]:
    """Where the committed documents are not what the present schemas say."""
    faults = []
    texts = {document.path: render(document) for document in present}
    for path, text in texts.items():
        file = folder / path
        if not file.is_file():
            faults.append(f"{path}: is missing; {_AGAIN}")
        elif file.read_text(encoding="utf-8") != text:
            faults.append(f"{path}: is not what the schemas say; {_AGAIN}")
    gone = _committed(folder) - texts.keys() - _earlier(folder)
    return faults + [f"{path}: is there no longer; {_advice(path)}" for path in sorted(gone)]


def write(folder: Path, present: Iterable[Document]) -> list[PurePosixPath]:
    """Write the documents that have changed; returns their paths."""
    changed = []
    for document in present:
        file, text = folder / document.path, render(document)
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
            changed.append(document.path)
    return changed


def _broken(folder: Path, document: Document) -> Iterator[str]:
    file = folder / document.path
    if document.path.suffix != ".json" or not file.is_file():
        return
    committed = json.loads(file.read_text(encoding="utf-8"))
    for before, after, direction in _halves(document.path, committed, document.content):
        for fault in breaks(before, after, direction):
            yield f"{document.path}: {direction}: {fault}; {_advice(document.path)}"


def _halves(
    path: PurePosixPath, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[tuple[Mapping[str, Any], Mapping[str, Any], Direction]]:
    if path.parts[0] == "events":
        yield before, after, "event"
        return
    ours, theirs = before["properties"], after["properties"]
    yield ours["arguments"], theirs["arguments"], "arguments"
    yield ours["result"], theirs["result"], "result"


def _committed(folder: Path) -> set[PurePosixPath]:
    files = [*folder.rglob("*.json"), *folder.rglob("*.yaml")]
    return {PurePosixPath(file.relative_to(folder).as_posix()) for file in files}


def _earlier(folder: Path) -> set[PurePosixPath]:
    """The documents of earlier versions, which stay as long as a log may hold such events."""
    return {
        path
        for path in _committed(folder)
        for kind in EVENTS
        for version in range(1, kind.version)
        if path == PurePosixPath("events", kind.source, f"{kind.type}.v{version}.json")
    }


def _advice(path: PurePosixPath) -> str:
    return _NEW_EVENT if path.parts[0] == "events" else _NEW_CALL
