"""The mapping: a YAML file that says how the rows of a table become events."""

from __future__ import annotations

import codecs
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

from cdp.loading.table import WHITESPACE, Form
from cdp.loading.values import Cells, Value, compile_value, object_of, template
from chassis.config.files import read_text
from chassis.config.yaml_document import Entry, read_document
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean

ROW = "cdp_row"  # a column that every table has: the name of the row, of a group that of its first
_REQUIRED = ("type", "time", "identifiers", "authenticated")
_OPTIONAL = ("id", "context", "data")
_FORM = ("delimiter", "header", "columns", "encoding")
_ENCODINGS = {"utf-8", "iso8859-1", "cp1252"}  # those in which a line's end is one byte


@dataclass(frozen=True, slots=True)
class TableMapping:
    """How a table is written, which of its rows belong together, and the event that they make."""

    form: Form
    group_by: tuple[str, ...]
    event: Value
    digest: str

    def make(self, rows: Sequence[Cells]) -> dict[str, Any]:
        """The event of the rows of one group; InvalidInput names the field that cannot be made."""
        event: dict[str, Any] = self.event.make(rows)
        return event

    def check_columns(self, columns: Iterable[str]) -> None:
        """InvalidInput names the first place that reads a column which the file has not."""
        known = [*columns, ROW]
        for path, column in (*(("group_by", name) for name in self.group_by), *self.event.columns):
            if column not in known:
                hint = did_you_mean(column, known) or f"; there are {', '.join(known)}"
                raise InvalidInput(path, f"reads the column {column}, and there is none{hint}")


def read_mapping(path: Path) -> TableMapping:
    """The mapping in a file; InvalidInput names the place to mend."""
    text = read_text(path)
    try:
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
    form = document["format"].record((), _FORM) if "format" in document else {}
    return TableMapping(
        form=_form(form, document.get("format", root)),
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


def _form(fields: Mapping[str, Entry], of: Entry) -> Form:
    delimiter = _delimiter(fields["delimiter"]) if "delimiter" in fields else ","
    header = fields["header"].flag() if "header" in fields else True
    columns = _names(fields["columns"]) if "columns" in fields else ()
    if len(set(columns)) < len(columns):
        fields["columns"].refuse("has a name twice")
    if not header and not columns:
        of.refuse("`columns` is missing: without a header, the columns need names")
    encoding = _encoding(fields["encoding"]) if "encoding" in fields else "utf-8"
    return Form(delimiter, header, columns, encoding)


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
        known = codecs.lookup(encoding).name in _ENCODINGS
    except LookupError:
        known = False
    if not known:
        entry.refuse("must be utf-8, latin-1 or cp1252")
    return encoding
