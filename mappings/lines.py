"""Lines within a cell: a list in JSON, or a text of lines and cells with marks between them."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput

_MOST_LINES = 1_000
_MOST_DEPTH = 8
_PLACES = 20  # of a list, as columns of their own


Row = Mapping[str, str]  # the cells of a row by column


@dataclass(frozen=True, slots=True)
class CellLines:
    """How the lines of one cell become rows, each with the cells of the row around them too.

    Without `line_mark` the cell is JSON. With it, the cells of a line stand between `cell_mark`s:
    by their places, named `columns`, or by their names before a `pair_mark`.
    """

    column: str
    path: str
    line_mark: str = ""
    cell_mark: str = ""
    pair_mark: str = ""
    columns: Sequence[str] = ()

    def rows(self, row: Row, blank: Collection[str] = ()) -> Iterator[Row]:
        """The rows; none of an empty cell. InvalidInput if it cannot be read.

        `blank` are the texts that stand for an empty cell of a line.
        """
        text = row.get(self.column, "")
        if not text:
            return
        lines = [*(self._split(text) if self.line_mark else self._parse(text))]
        if len(lines) > _MOST_LINES:
            raise InvalidInput(self.path, f"has over {_MOST_LINES:,} lines")
        for line in lines:
            yield {**row, **{name: "" if cell in blank else cell for name, cell in line.items()}}

    def _split(self, text: str) -> Iterator[Row]:
        lines = [line for line in text.split(self.line_mark) if line.strip()]
        for line in self._whole(lines, self.line_mark):
            parts = [
                part.strip() for part in self._whole(line.split(self.cell_mark), self.cell_mark)
            ]
            if self.pair_mark:
                pairs = (part.partition(self.pair_mark) for part in parts)
                yield {name.strip(): value.strip() for name, _, value in pairs}
            elif len(parts) != len(self.columns):
                raise InvalidInput(
                    self.path, f"has a line of {len(parts)} cells, not {len(self.columns)}"
                )
            else:
                yield dict(zip(self.columns, parts, strict=True))

    def _whole(self, parts: Sequence[str], mark: str) -> Sequence[str]:
        """The parts of a text, where each begins with a name: a mark in a value divides nothing.

        Blank parts, as that after a mark at the end, are none.
        """
        if not self.pair_mark:
            return parts
        whole: list[str] = []
        for part in filter(str.strip, parts):
            first = next(filter(str.strip, part.split(self.cell_mark)), "")
            if whole and self.pair_mark not in first:
                whole[-1] += mark + part
            else:
                whole.append(part)
        return whole

    def _parse(self, text: str) -> Iterator[Row]:
        try:
            lines = json.loads(text)
        except (ValueError, RecursionError):
            raise InvalidInput(self.path, "must be a list in JSON") from None
        if isinstance(lines, Mapping):
            lines = [lines]
        if not isinstance(lines, list):
            raise InvalidInput(self.path, "must be a list in JSON")
        for line in lines:
            yield flatten(line) if isinstance(line, Mapping) else {"value": cell_of(line)}


def read_lines(entry: Entry) -> CellLines:
    """The option `in` of `each_line`: the name of a column, or how its text is divided."""
    if not entry.is_mapping():
        return CellLines(_column(entry), entry.path)
    fields = entry.record(("from", "lines", "cells"), ("pairs", "columns"))
    if ("pairs" in fields) == ("columns" in fields):
        entry.refuse("needs one of `pairs`, the mark after a name, and `columns`, the names")
    names = fields["columns"].items() if "columns" in fields else []
    return CellLines(
        column=_column(fields["from"]),
        path=entry.path,
        line_mark=_mark(fields["lines"]),
        cell_mark=_mark(fields["cells"]),
        pair_mark=_mark(fields["pairs"]) if "pairs" in fields else "",
        columns=tuple(name.text() for name in names),
    )


def flatten(document: Mapping[str, Any]) -> dict[str, str]:
    """The cells of a JSON object.

    `user.email` for what is nested, `tags.0` for a place in a list, `event_params.page` for a list
    of keys with values; an object or a list as a whole is JSON.
    """
    cells: dict[str, str] = {}
    _flatten(document, "", cells, _MOST_DEPTH)
    return cells


def _flatten(document: Mapping[str, Any], prefix: str, cells: dict[str, str], depth: int) -> None:
    for name, value in document.items():
        path = f"{prefix}{name}"
        cells[path] = cell_of(value)
        if depth and (parts := _parts(value)):
            _flatten(parts, f"{path}.", cells, depth - 1)


def _parts(value: Any) -> Mapping[str, Any]:
    """What stands in an object or in a list, by name."""
    if isinstance(value, Mapping):
        return value
    if not isinstance(value, list):
        return {}
    if value and all(isinstance(e, Mapping) and e.keys() == {"key", "value"} for e in value):
        return {str(each["key"]): _only(each["value"]) for each in value}
    return {str(index): each for index, each in enumerate(value[:_PLACES])}


def _only(value: Any) -> Any:
    """The value that an object such as {"string_value": "x", "int_value": null} is about."""
    if not isinstance(value, Mapping):
        return value
    present = [each for each in value.values() if each is not None]
    return present[0] if len(present) == 1 else value


def cell_of(value: Any) -> str:
    """A JSON value as a cell: null is empty, and texts are without the spaces around them."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    return json.dumps(value, ensure_ascii=False)


def _column(entry: Entry) -> str:
    text = entry.text()
    if not (text.startswith("{") and text.endswith("}") and len(text) > len("{}")):
        entry.refuse('must be one column, such as "{items}"')
    return text[1:-1]


def _mark(entry: Entry) -> str:
    text = entry.scalar()
    if not isinstance(text, str) or not text:
        entry.refuse('must be the text between two of them, such as ";"')
    return text
