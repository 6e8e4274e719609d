"""Tables of text: CSV and similar, read row by row together with the bytes of each row."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cdp.loading.rows import MARK, Row, row_name
from chassis.core.errors import InvalidInput

WHITESPACE = "whitespace"
_UTF8_MARK = b"\xef\xbb\xbf"
_UNREADABLE = "cannot be read as CSV"
_OTHER_ENCODING = (
    "is not in the file's encoding; set `encoding` in the mapping's `format` to utf-8, to cp1252"
    " (Windows) or to latin-1"
)
_MOST_LINES = 20  # of one row
_KEPT_AS_TEXT = re.compile(r"""="([^"]*)"|'([+=@\-0-9][^']*)""")
_NOT_CLOSED = "unexpected end of data"  # as csv says it


@dataclass(frozen=True, slots=True)
class TableFormat:
    """How a table is written.

    `columns` names the columns in place of a header, `blank` are the words for an empty cell, and
    `skip` is how many lines, such as a title, stand before the header.
    """

    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"
    skip: int = 0
    blank: frozenset[str] = frozenset()


class Table:
    """A text file with one row on each line, and the same columns in each row."""

    suffix = ".csv"

    def __init__(self, path: Path, name: str, table_format: TableFormat) -> None:
        self.path, self.name, self.table_format = path, name, table_format
        self.total = path.stat().st_size
        self.heading = b""
        self.columns = table_format.columns
        with path.open("rb") as file:
            self._read_header(_RowReader(file, table_format))

    def rows(self) -> Iterator[Row]:
        """Its rows, without the header and blank lines; cells are stripped of spaces."""
        blank = self.table_format.blank
        with self.path.open("rb") as file:
            reader = _RowReader(file, self.table_format)
            self._read_header(reader)
            for number, cells, fault in reader:
                found = [_plain(cell, blank) for cell in cells]
                if not fault and not any(map(str.strip, found)):
                    continue
                raw = b"".join(reader.lines)
                yield make_row(self.columns, number, raw, reader.end, self.name, found, fault)

    def again(self, row: Row) -> bytes:
        """The row with its name as an extra cell, unless its cells cannot be separated."""
        delimiter = {WHITESPACE: " ", "tab": "\t"}.get(
            self.table_format.delimiter, self.table_format.delimiter
        )
        return marked(row, delimiter)

    def _read_header(self, reader: _RowReader) -> None:
        above = self.heading = reader.skip(self.table_format.skip)
        if not self.table_format.header:
            return
        for _number, cells, fault in reader:
            self.heading = above + b"".join(reader.lines).rstrip(b"\r\n") + b"\n"
            if fault:
                raise InvalidInput(str(self.path), f"has a heading that {fault}")
            self.columns = self.table_format.columns or numbered([cell.strip() for cell in cells])
            if not all(map(_is_text, self.columns)):
                raise InvalidInput(str(self.path), f"has a heading that {_OTHER_ENCODING}")
            break
        if not self.columns:
            raise InvalidInput(str(self.path), "is empty; it needs at least a heading")


def numbered(columns: Sequence[str]) -> tuple[str, ...]:
    """Names of columns; where several have the same, they are `Note (1)`, `Note (2)`."""
    names: list[str] = []
    for place, name in enumerate(columns):
        same = columns.count(name) > 1 and name
        names.append(f"{name} ({columns[: place + 1].count(name)})" if same else name)
    return tuple(names)


def make_row(
    columns: Sequence[str],
    number: int,
    raw: bytes,
    end: int,
    file: str,
    cells: Sequence[str],
    fault: str,
) -> Row:
    """A row of a table; in a file of rejected rows it keeps its name."""
    name = row_name(file, number, raw)
    if cells and cells[-1].startswith(MARK):
        name, cells = cells[-1].removeprefix(MARK).strip(), cells[:-1]
    while len(cells) > len(columns) and not cells[-1].strip():
        cells = cells[:-1]  # spreadsheets add empty ones
    if not fault and len(cells) != len(columns):
        fault = f"has {len(cells)} cells, and the file has {len(columns)} columns"
    if not fault and not all(_is_text(cell) for cell in cells):
        fault = _OTHER_ENCODING
    if fault:
        return Row(number, raw, end, name, fault=fault)
    return Row(number, raw, end, name, {c: t.strip() for c, t in zip(columns, cells, strict=True)})


def marked(row: Row, delimiter: str) -> bytes:
    """The bytes of a row with its name as an extra cell."""
    line = row.raw.rstrip(b"\r\n")
    mark = f"{MARK}{row.name}".encode()
    if line.endswith(mark) or row.fault.startswith(_UNREADABLE):
        return line + b"\n"
    return line + delimiter.encode() + mark + b"\n"


def _plain(cell: str, blank: frozenset[str]) -> str:
    """A cell without what spreadsheets add to keep its text: `="0042"`, `'+4791000000`."""
    text = cell.strip()
    if text in blank:
        return ""
    if match := _KEPT_AS_TEXT.fullmatch(text):
        return match[1] if match[1] is not None else match[2]
    return cell


class _RowReader:
    """The rows of an open file: (number of the first line, cells, fault).

    `lines` are those of the last row, `end` is the number of bytes up to its end. Of an unreadable
    row, only the first line is consumed: the others are read again, because an unclosed quote
    would otherwise swallow the rows after it.
    """

    def __init__(self, file: BinaryIO, table_format: TableFormat) -> None:
        self._lines = _LineReader(file, table_format.encoding)
        delimiter = "\t" if table_format.delimiter == "tab" else table_format.delimiter
        self._rows: Iterator[list[str]] = (
            map(str.split, self._lines)
            if delimiter == WHITESPACE
            else csv.reader(self._lines, delimiter=delimiter, strict=True)
        )

    @property
    def lines(self) -> list[bytes]:
        return self._lines.lines

    @property
    def end(self) -> int:
        return self._lines.end

    def skip(self, lines: int) -> bytes:
        """Pass over lines; these lines."""
        passed = b""
        for _ in range(lines):
            self._lines.begin()
            next(self._lines, None)
            passed += b"".join(self.lines)
        return passed

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        while True:
            number = self._lines.begin()
            try:
                cells, fault = next(self._rows), ""
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = [], f"{_UNREADABLE}: {_explain(error, number, len(self.lines))}"
                self._lines.give_back()
            if cells or fault:
                yield number, cells, fault


class _LineReader:
    """The lines of an open file as text, of which a row may take a limited number."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self.lines: list[bytes] = []
        self.end = 0
        self._number = 0
        self._file = file
        self._encoding = encoding
        self._returned: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.lines) == _MOST_LINES:
            raise csv.Error(_NOT_CLOSED)
        raw = self._returned.pop() if self._returned else next(self._file)
        self.lines.append(raw)
        self._number += 1
        self.end += len(raw)
        start = len(_UTF8_MARK) if self._number == 1 and raw.startswith(_UTF8_MARK) else 0
        return raw[start:].decode(self._encoding, "surrogateescape")

    def begin(self) -> int:
        """Begin a row; the number of its first line."""
        self.lines = []
        return self._number + 1

    def give_back(self) -> None:
        """Return all lines of the row but its first, to be read again."""
        rest = self.lines[1:]
        del self.lines[1:]
        self._returned += reversed(rest)
        self._number -= len(rest)
        self.end -= sum(map(len, rest))


def _explain(error: csv.Error, number: int, lines: int) -> str:
    """What is wrong with the row of `lines` lines that begins at line `number`."""
    message = str(error)
    if message == _NOT_CLOSED and lines == _MOST_LINES:
        return f"a quote at line {number} is not closed, or a cell has over {_MOST_LINES} lines"
    if lines > 1 or message == _NOT_CLOSED:
        return f"a quote at line {number} is not closed, or one inside a cell is not doubled"
    if "expected after" in message:
        return "a quote inside a cell is not doubled"
    if message.startswith("new-line"):
        return "a line end (CR) is inside a cell without quotes"
    return message


def _is_text(cell: str) -> bool:
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)
