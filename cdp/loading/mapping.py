"""The mapping: a YAML file that says how the rows of a table become events."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cdp.loading.joins import Join, read_join
from cdp.loading.table import WHITESPACE, TableFormat
from chassis.config.files import read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean
from mappings.conditions import Conditions, read_conditions
from mappings.events import CONDITIONS, FILE_TIME, ROW, EventMapping, read_events
from mappings.lines import Row

_FORMAT = ("delimiter", "header", "columns", "encoding", "blank", "skip")
_ENCODINGS = {"utf-8", "iso8859-1", "cp1252"}  # those in which a line end is one byte
_BLANK_KEYS = ("group", "above", "alone")
_MOST_WITHIN = 100_000
_MOST_SKIPPED = 100
_DELIMITERS = ";\t|,"
_OWN_COLUMNS = 2  # beside those of the file


@dataclass(frozen=True, slots=True)
class Grouping:
    """Which rows are a record together: those with the same cells in `columns`; none: each alone.

    `blank` says what a row is that has nothing in these columns: part of the record `above` it, as
    cells that are merged in a spreadsheet leave it; a record `alone`; or, as a `group`, part of one
    with the others of its kind beside it. Rows of a record stand together, or at most `within`
    lines from one another.
    """

    columns: tuple[str, ...] = ()
    blank: str = "group"
    within: int = 0


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is written, which of its rows are a record, and the events that these make."""

    table_format: TableFormat
    joins: tuple[Join, ...]
    rows: Conditions
    grouping: Grouping
    events: tuple[EventMapping, ...]
    digest: str

    def make(self, rows: Sequence[Row]) -> list[dict[str, Any]]:
        """The events of the rows of one record; InvalidInput names the field at fault."""
        for join in self.joins:
            rows = [join.extend(row) for row in rows]
        counted = [row for row in rows if self.rows.hold(row)]
        if not counted:
            return []
        made = (event.make(counted, self.table_format.blank) for event in self.events)
        return [event for event in made if event is not None]

    def check_columns(self, columns: Iterable[str]) -> None:
        """InvalidInput names the first field that reads a column the file does not have."""
        available = [*columns, ROW, FILE_TIME]
        for join in self.joins:
            available += join.check(available)
        used = [("group_by", name) for name in self.grouping.columns]
        used += self.rows.columns
        for event in self.events:
            used += (*event.conditions.columns, *event.value.columns)
        for path, column in used:
            if column not in available:
                hint = did_you_mean(column, available) or f"; there are {', '.join(available)}"
                hint = _several(column, available) or hint
                hint += self._other_delimiter(available)
                raise InvalidInput(path, f"reads the column {column}, which does not exist{hint}")

    def _other_delimiter(self, columns: Sequence[str]) -> str:
        """What to set if the heading is one column with the marks of several in it."""
        if not self.table_format.skip and "" in columns[:-_OWN_COLUMNS]:
            return "; if the heading is further down, set `skip: 1`, or more, in `format`"
        found = [mark for mark in _DELIMITERS if mark in columns[0]]
        if len(columns) > _OWN_COLUMNS + 1 or not found:
            return ""
        mark = "tab" if found[0] == "\t" else found[0]
        return f'; if its columns are separated by {mark}, set `delimiter: "{mark}"` in `format`'


def _several(column: str, columns: Sequence[str]) -> str:
    """What to write for one of several columns of the same name."""
    if f"{column} (1)" not in columns:
        return ""
    return f": the file has several of that name; write {column} (1) for the first, or (2), …"


def read_mapping(path: Path) -> TableMapping:
    """The mapping in a file; InvalidInput names the place to correct."""
    text = read_text(path, "utf-8")
    try:
        # Of a byte order mark too, as checkpoints of earlier releases have it; YAML passes over it.
        digest = blake2b(text.encode(), digest_size=16).hexdigest()
        return parse_mapping(read_document(text, str(path)), digest, path.stem)
    except RecursionError:  # an anchor that contains itself
        raise InvalidInput(str(path), "is nested too deeply; flatten it") from None


def parse_mapping(root: Entry, digest: str = "", name: str = "") -> TableMapping:
    """The mapping that a document describes; `name` goes into the ids that it makes."""
    document = root.record(
        required=(), optional=("event", "events", "format", "join", "rows", "group_by")
    )
    rows = document["rows"].record((), CONDITIONS) if "rows" in document else {}
    return TableMapping(
        table_format=_table_format(document["format"]) if "format" in document else TableFormat(),
        joins=tuple(read_join(each, _table_format) for each in _items(document.get("join"))),
        rows=read_conditions(rows, "rows"),
        grouping=_grouping(document.get("group_by")),
        events=read_events(document, root, name),
        digest=digest,
    )


def _grouping(entry: Entry | None) -> Grouping:
    """A column, a list of columns, or `{columns, blank, within}`."""
    if entry is None:
        return Grouping()
    if not entry.is_mapping():
        return Grouping(_group_columns(entry))
    fields = entry.record(("columns",), ("blank", "within"))
    within = fields["within"].whole(0, _MOST_WITHIN) if "within" in fields else 0
    blank = fields["blank"].scalar() if "blank" in fields else "group"
    if blank not in _BLANK_KEYS:
        fields["blank"].refuse(f"must be one of {', '.join(_BLANK_KEYS)}")
    if within and blank != "alone":
        entry.refuse("needs `blank: alone` beside `within`: nothing else says where they belong")
    return Grouping(_group_columns(fields["columns"]), blank, within)


def _group_columns(entry: Entry) -> tuple[str, ...]:
    if entry.is_list():
        return _names(entry)
    column = entry.scalar() if not entry.is_mapping() else None
    if not isinstance(column, str):
        entry.refuse("must be the name of a column, or a list of them")
    return (column,)


def _table_format(entry: Entry) -> TableFormat:
    fields = entry.record((), _FORMAT)
    delimiter = _delimiter(fields["delimiter"]) if "delimiter" in fields else ","
    header = fields["header"].flag() if "header" in fields else True
    columns = _names(fields["columns"]) if "columns" in fields else ()
    if len(set(columns)) < len(columns):
        fields["columns"].refuse("has a name twice; rename one")
    if not header and not columns:
        entry.refuse("`columns` is missing: without a header, the columns need names")
    encoding = _encoding(fields["encoding"]) if "encoding" in fields else "utf-8"
    blank = frozenset(_names(fields["blank"])) if "blank" in fields else frozenset[str]()
    skip = fields["skip"].whole(0, _MOST_SKIPPED) if "skip" in fields else 0
    return TableFormat(delimiter, header, columns, encoding, skip, blank)


def _items(entry: Entry | None) -> Sequence[Entry]:
    return entry.items() if entry is not None else ()


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
