"""Texts with the cells of a table in them, the simplest values of an event."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.plain import kind
from chassis.validation.slips import SPREADSHEET_ERROR
from mappings.lines import Row

ABSENT: Final = object()
_COLUMN = re.compile(r"\{([^{}]+)\}")
_SPREADSHEET_ERROR = re.compile(SPREADSHEET_ERROR, re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class RecordCells:
    """The rows of a record, and the currency of the event that they become, if that is known.

    `blank` are the texts that stand for an empty cell, also in lines that a cell holds.
    """

    rows: Sequence[Row]
    currency: object = None
    blank: frozenset[str] = frozenset()


Make = Callable[[RecordCells], Any]


@dataclass(frozen=True, slots=True)
class Value:
    """How a value is made from the cells of a record's rows.

    `make` raises InvalidInput with the path of the field; `columns` are those it reads, by path.
    """

    make: Make
    columns: tuple[tuple[str, str], ...] = ()


def template(text: str, path: str) -> Value:
    """A text with the cells of `{columns}` in it; absent if one of these is empty."""
    parts = _COLUMN.split(text)
    names = parts[1::2]
    if not names:
        return constant(text)

    names, required = _optional(names)

    def make(record: RecordCells) -> Any:
        found = [_single_cell(record.rows, name, path) for name in names]
        if not all(found):
            return ABSENT
        if parts[0] == parts[-1] == "" and len(found) == 1:
            return found[0]
        return "".join(found[i // 2] if i % 2 else part for i, part in enumerate(parts))

    return Value(make, tuple((path, name) for name in required))


def read_template(entry: Entry, path: str) -> Value:
    """The template in an entry, whose cells are refused by `path`."""
    text = entry.scalar()
    if not isinstance(text, str):
        entry.refuse(f'must be text such as "{{column}}", not {kind(text)}')
    if any(brace in part for part in _COLUMN.split(text)[::2] for brace in "{}"):
        entry.refuse('has a brace without its pair; write "{column}"')
    return template(text, path)


def columns_of(parts: Iterable[Value]) -> tuple[tuple[str, str], ...]:
    """The columns that several values read, by path."""
    return tuple(column for part in parts for column in part.columns)


def constant(value: Any) -> Value:
    """A value that no cell changes."""
    return Value(lambda _record: value)


def _optional(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """The columns, and those that the file must have: a `?` after a name says that it need not."""
    return [name.removesuffix("?") for name in names], [n for n in names if not n.endswith("?")]


def _single_cell(rows: Sequence[Row], name: str, path: str) -> str:
    """The one cell of a column: the rows after the first may leave it blank, but not differ."""
    found = rows[0].get(name, "")
    for row in rows[1:]:
        if (cell := row.get(name, "")) and cell != found:
            if found:
                raise InvalidInput(
                    path, f"is ambiguous: {name} differs between the lines of the group"
                )
            found = cell
    if _SPREADSHEET_ERROR.fullmatch(found):
        raise InvalidInput(
            path,
            f"has {found}, an error of a spreadsheet; correct it, or name it in `blank` of `format`"
            f" (column {name})",
        )
    return found


def column_words(one: Value) -> str:
    """Which column a message is about."""
    names = dict.fromkeys(name for _path, name in one.columns)
    return f" (column {', '.join(names)})" if names else ""
