"""Joins: columns that a row takes from another file, by a key."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdp.loading.table import Table, TableFormat
from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean
from mappings.lines import Row

_MOST_ROWS = 5_000_000
_ROUND = re.compile(r"^([+-]?\d+)\.0+$", re.ASCII)


@dataclass(slots=True)
class Join:
    """The rows of a file in memory, of which each row of the loaded one takes at most one.

    `keys` names a column of the loaded file, and that of the joined one to which it is equal. The
    columns of the joined file are named after it: `customers.city`. Keys are compared as ids, so
    that `42.0`, which a table of numbers makes of 42, is 42.
    """

    name: str
    file: str
    keys: Mapping[str, str]
    entry: Entry
    table_format: TableFormat
    columns: Sequence[str] = ()
    _rows: dict[tuple[str, ...], Row] = field(default_factory=dict)

    def open(self, folder: Path) -> None:
        """Read the file, in the folder of the loaded one; InvalidInput says why it cannot be."""
        path = folder / self.file
        if not path.is_file():
            raise InvalidInput(self.entry.path, f"names {path}, which does not exist")
        table = Table(path, self.name, self.table_format)
        self.columns = table.columns
        for ours, theirs in self.keys.items():
            if theirs not in self.columns:
                hint = did_you_mean(theirs, self.columns) or self._delimiter_hint()
                raise InvalidInput(
                    f"{self.entry.path}.key.{ours}", f"{path} has no column {theirs}{hint}"
                )
        for row in table.rows():
            if row.fault:
                raise InvalidInput(str(path), f"line {row.number} {row.fault}; correct it")
            if len(self._rows) >= _MOST_ROWS:
                raise InvalidInput(str(path), f"has over {_MOST_ROWS:,} rows, too many to join")
            self._rows.setdefault(_key(row.cells, self.keys.values()), row.cells)

    def check(self, available: Sequence[str]) -> list[str]:
        """The columns that it adds; InvalidInput if one of its keys is not `available`."""
        for column in self.keys:
            if column not in available:
                hint = did_you_mean(column, available)
                raise InvalidInput(
                    f"{self.entry.path}.on",
                    f"reads the column {column}, which does not exist{hint}",
                )
        return [f"{self.name}.{column}" for column in self.columns]

    def extend(self, row: Row) -> Row:
        """The row with the columns of the file; they are empty if it has none of that key."""
        found = self._rows.get(_key(row, self.keys), {})
        return {**row, **{f"{self.name}.{name}": found.get(name, "") for name in self.columns}}

    def _delimiter_hint(self) -> str:
        found = [mark for mark in ";\t|" if mark in self.columns[0]]
        if len(self.columns) > 1 or not found:
            return ""
        mark = "tab" if found[0] == "\t" else found[0]
        return (
            f'; if its columns are separated by {mark}, give it `format: {{delimiter: "{mark}"}}`'
        )


def _key(row: Row, columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(_ROUND.sub(r"\1", row.get(column, "")) for column in columns)


def read_join(entry: Entry, read_format: Callable[[Entry], TableFormat]) -> Join:
    """A join as a mapping describes it; `read_format` reads how its file is written."""
    fields = entry.record(("file", "as", "key"), ("format",))
    keys = {ours: theirs.text() for ours, theirs in fields["key"].literal_fields().items()}
    if not keys:
        fields["key"].refuse("needs at least one pair, such as {customer_id: id}")
    table_format = read_format(fields["format"]) if "format" in fields else TableFormat()
    return Join(fields["as"].word(), fields["file"].text(), keys, entry, table_format)
