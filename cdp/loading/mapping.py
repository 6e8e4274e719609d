"""The mapping: a YAML file that says how the rows of a table become events."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cdp.loading.table import WHITESPACE, TableFormat
from cdp.loading.values import Cells, Value, compile_value, object_of, template
from chassis.config.files import read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean

ROW = "cdp_row"  # a column that every table has: the name of the record
_REQUIRED = ("type", "time", "identifiers", "authenticated")
_OPTIONAL = ("id", "context", "data")
_FORMAT = ("delimiter", "header", "columns", "encoding")
_ENCODINGS = {"utf-8", "iso8859-1", "cp1252"}  # those in which a line end is one byte


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is written, which of its rows are a record, and the event that these make."""

    table_format: TableFormat
    group_by: tuple[str, ...]
    event: Value
    digest: str

    def make(self, rows: Sequence[Cells]) -> dict[str, Any]:
        """The event of the rows of one record; InvalidInput names the field at fault."""
        event: dict[str, Any] = self.event.make(rows)
        return event

    def check_columns(self, columns: Iterable[str]) -> None:
        """InvalidInput names the first field that reads a column the file does not have."""
        available = [*columns, ROW]
        for path, column in (*(("group_by", name) for name in self.group_by), *self.event.columns):
            if column not in available:
                hint = did_you_mean(column, available) or f"; there are {', '.join(available)}"
                raise InvalidInput(path, f"reads the column {column}, which does not exist{hint}")


def read_mapping(path: Path) -> TableMapping:
    """The mapping in a file; InvalidInput names the place to correct."""
    text = read_text(path, "utf-8")
    try:
        # Of a byte order mark too, as checkpoints of earlier releases have it; YAML passes over it.
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        return parse_mapping(read_document(text, str(path)), digest)
    except RecursionError:  # an anchor that contains itself
        raise InvalidInput(str(path), "is nested too deeply; flatten it") from None


def parse_mapping(root: Entry, digest: str = "") -> TableMapping:
    """The mapping that a document describes."""
    document = root.record(required=("event",), optional=("format", "group_by"))
    fields = document["event"].record(_REQUIRED, _OPTIONAL)
    values = {"id": template(f"{{{ROW}}}", "event.id")}
    values |= {name: compile_value(entry) for name, entry in fields.items()}
    table_format = document["format"].record((), _FORMAT) if "format" in document else {}
    return TableMapping(
        table_format=_table_format(table_format, document.get("format", root)),
        group_by=_group_by(document.get("group_by")),
        event=object_of(values),
        digest=digest,
    )


def _group_by(entry: Entry | None) -> tuple[str, ...]:
    if entry is None:
        return ()
    if entry.is_list():
        return _names(entry)
    column = entry.scalar() if not entry.is_mapping() else None
    if not isinstance(column, str):
        entry.refuse("must be the name of a column, or a list of them")
    return (column,)


def _table_format(fields: Mapping[str, Entry], of: Entry) -> TableFormat:
    delimiter = _delimiter(fields["delimiter"]) if "delimiter" in fields else ","
    header = fields["header"].flag() if "header" in fields else True
    columns = _names(fields["columns"]) if "columns" in fields else ()
    if len(set(columns)) < len(columns):
        fields["columns"].refuse("has a name twice; rename one")
    if not header and not columns:
        of.refuse("`columns` is missing: without a header, the columns need names")
    encoding = _encoding(fields["encoding"]) if "encoding" in fields else "utf-8"
    return TableFormat(delimiter, header, columns, encoding)


def _names(entry: Entry) -> tuple[str, ...]:
    names = tuple(item.scalar() for item in entry.items())
    if not all(isinstance(name, str) for name in names):
        entry.refuse("must be a list of names")
    return names


def _delimiter(entry: Entry) -> str:
    delimiter = entry.scalar()
    if not isinstance(delimiter, str) or not (
        delimiter in (WHITESPACE, "tab") or (len(delimiter) == 1 and delimiter.isascii())
    ):
        entry.refuse('must be one character, "tab" or "whitespace"')
    return delimiter


def _encoding(entry: Entry) -> str:
    encoding = str(entry.scalar())
    try:
        supported = codecs.lookup(encoding).name in _ENCODINGS
    except LookupError:
        supported = False
    if not supported:
        entry.refuse("must be utf-8, latin-1 or cp1252")
    return encoding
