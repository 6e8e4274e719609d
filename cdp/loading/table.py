"""Tables of text: CSV and its relatives, read row by row with the bytes that make each row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cdp.loading.rows import MARK, Row, row_name
from chassis.core.errors import InvalidInput

WHITESPACE = "whitespace"
_UTF8_MARK = b"\xef\xbb\xbf"
_UNREADABLE = "cannot be read as CSV"
_OTHER_ENCODING = "is not written in the file's encoding; see `encoding` of the mapping"
_MOST_LINES = 20  # of one row
_NOT_CLOSED = "unexpected end of data"  # as csv says it


@dataclass(frozen=True, slots=True)
class Form:
    """How a table is written. `columns` names them where the header does not, or is not there."""

    delimiter: str = ","
    header: bool = True
    columns: tuple[str, ...] = ()
    encoding: str = "utf-8"


class Table:
    """A file of text with a row in each line, and the same columns in each row."""

    suffix = ".csv"

    def __init__(self, path: Path, name: str, form: Form) -> None:
        self.path, self.name, self.form = path, name, form
        self.total = path.stat().st_size
        self.heading = b""
        self.columns = form.columns
        with path.open("rb") as file:
            self._read_header(_Records(file, form))

    def rows(self) -> Iterator[Row]:
        """Its rows, without the header and blank lines; cells have no spaces at their ends."""
        with self.path.open("rb") as file:
            records = _Records(file, self.form)
            self._read_header(records)
            for number, cells, fault in records:
                raw = b"".join(records.taken)
                yield make_row(self.columns, number, raw, records.end, self.name, cells, fault)

    def again(self, row: Row) -> bytes:
        """The row with its name as one more cell, unless its cells could not be told apart."""
        delimiter = {WHITESPACE: " ", "tab": "\t"}.get(self.form.delimiter, self.form.delimiter)
        return marked(row, delimiter)

    def _read_header(self, records: _Records) -> None:
        if not self.form.header:
            return
        for _number, cells, fault in records:
            self.heading = b"".join(records.taken).rstrip(b"\r\n") + b"\n"
            if fault:
                raise InvalidInput(str(self.path), f"has a heading that {fault}")
            self.columns = self.form.columns or tuple(cell.strip() for cell in cells)
            if not all(map(_is_text, self.columns)):
                raise InvalidInput(str(self.path), f"has a heading that {_OTHER_ENCODING}")
            break
        if not self.columns:
            raise InvalidInput(str(self.path), "is empty: it has no heading")
        check_names(self.path, self.columns)


def check_names(path: Path, columns: Sequence[str]) -> None:
    """InvalidInput if two columns have one name."""
    twice = [c for c in columns if c and columns.count(c) > 1]
    if twice:
        raise InvalidInput(str(path), f"has two columns of the name {twice[0]}")


def make_row(
    columns: Sequence[str],
    number: int,
    raw: bytes,
    end: int,
    file: str,
    cells: Sequence[str],
    fault: str,
) -> Row:
    """A row of a table; one that comes from a file of rejected rows keeps its name."""
    name = row_name(file, number, raw)
    if cells and cells[-1].startswith(MARK):
        name, cells = cells[-1].removeprefix(MARK).strip(), cells[:-1]
    if not fault and len(cells) != len(columns):
        fault = f"has {len(cells)} cells, and the file has {len(columns)} columns"
    if not fault and not all(_is_text(cell) for cell in cells):
        fault = _OTHER_ENCODING
    if fault:
        return Row(number, raw, end, name, fault=fault)
    return Row(number, raw, end, name, {c: t.strip() for c, t in zip(columns, cells, strict=True)})


def marked(row: Row, delimiter: str) -> bytes:
    """The bytes of a row with its name as one more cell."""
    line = row.raw.rstrip(b"\r\n")
    mark = f"{MARK}{row.name}".encode()
    if line.endswith(mark) or row.fault.startswith(_UNREADABLE):
        return line + b"\n"
    return line + delimiter.encode() + mark + b"\n"


class _Records:
    """The records of an open file: (number of the first line, cells, fault).

    `taken` has the lines of the last one, `end` the number of bytes up to its end. Of a record that
    cannot be read, only the first line is one: the others are read anew, since a quote that is not
    closed would take the rows behind it for its own.
    """

    def __init__(self, file: BinaryIO, form: Form) -> None:
        self._lines = _Lines(file, form.encoding)
        delimiter = "\t" if form.delimiter == "tab" else form.delimiter
        self._records: Iterator[list[str]] = (
            map(str.split, self._lines)
            if delimiter == WHITESPACE
            else csv.reader(self._lines, delimiter=delimiter, strict=True)
        )

    @property
    def taken(self) -> list[bytes]:
        return self._lines.taken

    @property
    def end(self) -> int:
        return self._lines.end

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        while True:
            number = self._lines.begin()
            try:
                cells, fault = next(self._records), ""
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = [], f"{_UNREADABLE}: {_told(error, number, len(self.taken))}"
                self._lines.give_back()
            if cells or fault:
                yield number, cells, fault


class _Lines:
    """The lines of an open file as text, of which a record may take so many and no more."""

    def __init__(self, file: BinaryIO, encoding: str) -> None:
        self.taken: list[bytes] = []
        self.end = 0
        self._number = 0
        self._file = file
        self._encoding = encoding
        self._given_back: list[bytes] = []

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        if len(self.taken) == _MOST_LINES:
            raise csv.Error(_NOT_CLOSED)
        raw = self._given_back.pop() if self._given_back else next(self._file)
        self.taken.append(raw)
        self._number += 1
        self.end += len(raw)
        start = len(_UTF8_MARK) if self._number == 1 and raw.startswith(_UTF8_MARK) else 0
        return raw[start:].decode(self._encoding, "surrogateescape")

    def begin(self) -> int:
        """A record begins; the number of its first line."""
        self.taken = []
        return self._number + 1

    def give_back(self) -> None:
        """All lines of the record but its first are to be read anew."""
        back = self.taken[1:]
        del self.taken[1:]
        self._given_back += reversed(back)
        self._number -= len(back)
        self.end -= sum(map(len, back))


def _told(error: csv.Error, number: int, lines: int) -> str:
    """What is wrong with the record of so many lines that begins at line `number`."""
    told = str(error)
    if told == _NOT_CLOSED and lines == _MOST_LINES:
        return f"a quote is not closed at line {number}, or a cell has over {_MOST_LINES} lines"
    if lines > 1 or told == _NOT_CLOSED:
        return f"a quote is not closed at line {number}, or one inside a cell is not doubled"
    if "expected after" in told:
        return "a quote inside a cell is not doubled"
    if told.startswith("new-line"):
        return "a line end (CR) stands inside a cell without quotes"
    return told


def _is_text(cell: str) -> bool:
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)
