"""Rows: what a file is read as, each with its line number, its bytes and the name of its place."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Protocol

MARK = "cdp-row="
_NAME_LENGTH = 50  # an id has at most 100 characters
_LINE_END = b"\r\n"
_NOTHING: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file, or several where a cell has line breaks.

    `number` is that of its first line; `end` how much of the file is read after it, in the units of
    the file's `total`; `name` tells its place and content, such as orders-17-a20f5e81c3d4. `fault`
    says why it has no cells.
    """

    number: int
    raw: bytes = field(repr=False)
    end: int
    name: str
    cells: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)
    fault: str = ""


class RowSource(Protocol):
    """A file that can be read from its start, any number of times."""

    name: str  # what the names of its rows start with
    total: int
    suffix: str  # of a file of some of its rows
    heading: bytes  # with which such a file starts

    def rows(self) -> Iterator[Row]:
        """Its rows, in order; InvalidInput if it is no such file at all."""
        ...

    def again(self, row: Row) -> bytes:
        """A row as it goes into a file of rejected ones: there it keeps its name."""
        ...


class Lines:
    """A file with an event as JSON in each line."""

    suffix = ".ndjson"
    heading = b""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.total = path.stat().st_size

    def rows(self) -> Iterator[Row]:
        """Its lines without the blank ones."""
        end = 0
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                end += len(raw)
                if raw.strip():
                    yield Row(number, raw, end, row_name(self.name, number, raw))

    def again(self, row: Row) -> bytes:
        """The line as it stands."""
        return row.raw if row.raw.endswith(b"\n") else row.raw + b"\n"


def row_name(file: str, number: int, raw: bytes) -> str:
    """The name of a row: that of its file, its number, and a digest of its bytes."""
    return f"{file}-{number}-{_digest(raw.rstrip(_LINE_END))}"


def group_name(names: Sequence[str]) -> str:
    """The name of rows that are one event: that of the first, and a digest of the others'."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]}-{_digest(' '.join(names[1:]).encode())}"


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=6).hexdigest()


def file_name(path: Path) -> str:
    """What the names of a file's rows start with: `CDNOW_master.txt` is cdnow-master."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:_NAME_LENGTH] or "file"
