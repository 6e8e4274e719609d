"""Rows: what a file is read as, each with its line number, its bytes and its name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

from chassis.core.errors import InvalidInput
from mappings.lines import flatten

MARK = "cdp-row="
NAME = "cdp_row"  # the same in a line of JSON
_NAME_LENGTH = 50  # an id has at most 100 characters
_LINE_END = b"\r\n"
_NO_CELLS: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True)
class Row:
    """A line of a file, or several where a cell has line breaks.

    `number` is that of its first line; `end` is how much of the file is read after it, in units of
    the file's `total`; `name` identifies its place and content, such as orders-17-a20f5e81c3d4.
    `fault` says why it has no cells.
    """

    number: int
    raw: bytes = field(repr=False)
    end: int
    name: str
    cells: Mapping[str, str] = field(default_factory=lambda: _NO_CELLS, repr=False)
    fault: str = ""


class RowSource(Protocol):
    """A file that can be read from the start any number of times."""

    name: str  # what the names of its rows start with
    total: int
    suffix: str  # of its file of rejected rows
    heading: bytes  # the first line of that file

    def rows(self) -> Iterator[Row]:
        """Its rows, in order; InvalidInput if the file cannot be read."""
        ...

    def again(self, row: Row) -> bytes:
        """A row as a line of the file of rejected rows, where it keeps its name."""
        ...


class Lines:
    """A file with one event as JSON on each line."""

    suffix = ".ndjson"
    heading = b""

    def __init__(self, path: Path, name: str) -> None:
        self.path, self.name = path, name
        self.total = path.stat().st_size

    def rows(self) -> Iterator[Row]:
        """Its lines, except blank ones."""
        end = 0
        with self.path.open("rb") as file:
            for number, raw in enumerate(file, start=1):
                end += len(raw)
                if raw.strip():
                    yield Row(number, raw, end, row_name(self.name, number, raw))

    def again(self, row: Row) -> bytes:
        """The line, unchanged."""
        return row.raw if row.raw.endswith(b"\n") else row.raw + b"\n"


class JsonRows(Lines):
    """A file with one JSON object of any shape on each line; its values are the cells of a row.

    `blank` are the texts that stand for an empty cell.
    """

    def __init__(self, path: Path, name: str, blank: frozenset[str] = frozenset()) -> None:
        super().__init__(path, name)
        self._blank = blank

    def rows(self) -> Iterator[Row]:
        """Its lines, except blank ones; in a file of rejected lines each keeps its name."""
        for row in super().rows():
            try:
                document = parse_line(row.raw)
            except InvalidInput as error:
                yield replace(row, fault=error.message)
                continue
            name = document.pop(NAME, row.name)
            cells = flatten(document)
            for column in [column for column, cell in cells.items() if cell in self._blank]:
                cells[column] = ""
            yield replace(row, cells=cells, name=str(name))

    def again(self, row: Row) -> bytes:
        """The line with its name in it, unless it cannot be read."""
        try:
            document = parse_line(row.raw)
        except InvalidInput:
            return super().again(row)
        text = json.dumps({**document, NAME: row.name}, ensure_ascii=False)
        return text.encode("utf-8", "surrogatepass") + b"\n"


def parse_line(raw: bytes) -> dict[str, Any]:
    """The object in a line of JSON; InvalidInput says why there is none."""
    try:
        document = json.loads(raw.decode("utf-8-sig").rstrip("\r\n"))
    except json.JSONDecodeError as error:
        raise InvalidInput("", f"is not JSON: {error.msg} at character {error.colno}") from None
    except UnicodeDecodeError:
        raise InvalidInput("", "is not UTF-8; save it as UTF-8") from None
    except RecursionError:
        raise InvalidInput("", "is nested too deeply; flatten it") from None
    except ValueError:
        raise InvalidInput("", "has a number with too many digits; send it as text") from None
    if not isinstance(document, dict):
        raise InvalidInput("", "must be a JSON object")
    return document


def row_name(file: str, number: int, raw: bytes) -> str:
    """The name of a row: that of its file, its number, and a digest of its bytes."""
    return f"{file}-{number}-{_digest(raw.rstrip(_LINE_END))}"


def record_name(names: Sequence[str]) -> str:
    """The name of a record: that of its first row, and a digest of the names of the others."""
    if len(names) == 1:
        return names[0]
    return f"{names[0]}-{_digest(' '.join(names[1:]).encode())}"


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=6).hexdigest()


def file_name(path: Path) -> str:
    """What the names of a file's rows start with: cdnow-master for `CDNOW_master.txt`."""
    return re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:_NAME_LENGTH] or "file"
