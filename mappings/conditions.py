"""Conditions of a mapping: which rows count, by the text of their cells."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chassis.config.yaml_document import Entry
from mappings.lines import Row

Test = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a row must satisfy: every test of `when`, and none of `unless`."""

    when: Mapping[str, Test]
    unless: Mapping[str, Test]
    path: str = ""

    def hold(self, row: Row) -> bool:
        """Whether a row, given by its cells, counts."""
        return all(test(_cell(row, column)) for column, test in self.when.items()) and not any(
            test(_cell(row, column)) for column, test in self.unless.items()
        )

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """The columns that the file must have, by path: those without a `?` after their name."""
        named = [("when", column) for column in self.when]
        named += [("unless", column) for column in self.unless]
        return tuple(
            (f"{self.path}{key}", column) for key, column in named if not column.endswith("?")
        )


def read_conditions(fields: Mapping[str, Entry], path: str = "") -> Conditions:
    """The conditions `when` and `unless` among `fields`, those of the entry at `path`."""
    when, unless = (
        {name: _test(test) for name, test in fields[key].literal_fields().items()}
        if key in fields
        else {}
        for key in ("when", "unless")
    )
    return Conditions(when, unless, f"{path}." if path else "")


def _cell(row: Row, column: str) -> str:
    return row.get(column.removesuffix("?"), "")


def _test(entry: Entry) -> Test:
    """One text, a list of texts of which one must be there, or `{matches: expression}`."""
    if entry.is_mapping():
        pattern = _pattern(entry.record(("matches",))["matches"])
        return lambda cell: pattern.fullmatch(cell) is not None
    texts = frozenset(_text(item) for item in (entry.items() if entry.is_list() else [entry]))
    return lambda cell: cell in texts


def _text(entry: Entry) -> str:
    value = entry.scalar()
    if not isinstance(value, str):
        entry.refuse("must be text, as a cell is; put it in quotes")
    return value


def _pattern(entry: Entry) -> re.Pattern[str]:
    text = entry.text()
    try:
        return re.compile(text)
    except re.error as error:
        entry.refuse(f"is not a regular expression: {error}")
