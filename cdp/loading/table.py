"""Tables of text: CSV and its relatives, read row by row with the bytes that make each row."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cdp.loading.rows import MARK, Row
from chassis.errors import InvalidInput

WHITESPACE = "whitespace"
_UTF8_MARK = b"\xef\xbb\xbf"
_UNREADABLE = "cannot be read as CSV"


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
                yield make_row(
                    self.columns, number, raw, records.end, f"{self.name}-{number}", cells, fault
                )

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
            break
        if not self.columns:
            raise InvalidInput(str(self.path), "is empty: it has no heading")
        twice = [c for c in self.columns if c and self.columns.count(c) > 1]
        if twice:
            raise InvalidInput(str(self.path), f"has two columns of the name {twice[0]}")


def make_row(
    columns: Sequence[str],
    number: int,
    raw: bytes,
    end: int,
    name: str,
    cells: Sequence[str],
    fault: str,
) -> Row:
    """A row of a table; one that comes from a file of rejected rows keeps its name."""
    if cells and cells[-1].startswith(MARK):
        name, cells = cells[-1].removeprefix(MARK).strip(), cells[:-1]
    if not fault and len(cells) != len(columns):
        fault = f"has {len(cells)} cells, and the file has {len(columns)} columns"
    if not fault and not all(_is_text(cell) for cell in cells):
        fault = "is not written in the file's encoding; see `encoding` of the mapping"
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

    `taken` has the lines of the last one, `end` the number of bytes up to its end.
    """

    def __init__(self, file: BinaryIO, form: Form) -> None:
        self.taken: list[bytes] = []
        self.end = 0
        self._number = 0
        self._file = file
        self._encoding = form.encoding
        delimiter = "\t" if form.delimiter == "tab" else form.delimiter
        self._records: Iterator[list[str]] = (
            (text.split() for text in self._texts())
            if delimiter == WHITESPACE
            else csv.reader(self._texts(), delimiter=delimiter, strict=True)
        )

    def __iter__(self) -> Iterator[tuple[int, list[str], str]]:
        while True:
            self.taken = []
            number = self._number + 1
            try:
                cells, fault = next(self._records), ""
            except StopIteration:
                return
            except csv.Error as error:
                cells, fault = [], f"{_UNREADABLE}: {error}"
            if cells or fault:
                yield number, cells, fault

    def _texts(self) -> Iterator[str]:
        for raw in self._file:
            self.taken.append(raw)
            self._number += 1
            self.end += len(raw)
            start = len(_UTF8_MARK) if self._number == 1 and raw.startswith(_UTF8_MARK) else 0
            yield raw[start:].decode(self._encoding, "surrogateescape")


def _is_text(cell: str) -> bool:
    return cell.isascii() or not any("\ud800" <= character <= "\udfff" for character in cell)
