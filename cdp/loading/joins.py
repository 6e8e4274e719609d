"""Joins: columns that a row takes from another file, by a key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cdp.loading.lines import Row
from cdp.loading.table import Table, TableFormat
from chassis.config.yaml_document import Entry
from chassis.core.errors import InvalidInput
from chassis.validation.schema import did_you_mean

_MOST_ROWS = 5_000_000


@dataclass(slots=True)
class Join:
    """The rows of a file in memory, of which each row of the loaded one takes at most one.

    `keys` names a column of the loaded file, and that of the joined one to which it is equal. The
    columns of the joined file are named after it: `customers.city`.
    """

    name: str
    file: str
    keys: Mapping[str, str]
    entry: Entry
    columns: Sequence[str] = ()
    _rows: dict[tuple[str, ...], Row] = field(default_factory=dict)

    def open(self, folder: Path) -> None:
        """Read the file, in the folder of the loaded one; InvalidInput says why it cannot be."""
        path = folder / self.file
        if not path.is_file():
            raise InvalidInput(self.entry.path, f"names {path}, which does not exist")
        table = Table(path, self.name, TableFormat())
        self.columns = table.columns
        for ours, theirs in self.keys.items():
            if theirs not in self.columns:
                hint = did_you_mean(theirs, self.columns)
                raise InvalidInput(
                    f"{self.entry.path}.key.{ours}", f"{path} has no column {theirs}{hint}"
                )
        for row in table.rows():
            if row.fault:
                raise InvalidInput(str(path), f"line {row.number} {row.fault}; correct it")
            if len(self._rows) >= _MOST_ROWS:
                raise InvalidInput(str(path), f"has over {_MOST_ROWS:,} rows, too many to join")
            self._rows.setdefault(tuple(row.cells[c] for c in self.keys.values()), row.cells)

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
        found = self._rows.get(tuple(row.get(column, "") for column in self.keys), {})
        return {**row, **{f"{self.name}.{name}": found.get(name, "") for name in self.columns}}


def read_join(entry: Entry) -> Join:
    """A join as a mapping describes it."""
    fields = entry.record(("file", "as", "key"))
    keys = {ours: theirs.text() for ours, theirs in fields["key"].literal_fields().items()}
    if not keys:
        fields["key"].refuse("needs at least one pair, such as {customer_id: id}")
    return Join(fields["as"].word(), fields["file"].text(), keys, entry)
