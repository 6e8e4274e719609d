"""Statements over rows: what they read of a row, and which rows they refuse."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from chassis.database.bulk import RowStatement
from chassis.database.engine import Database
from tests.support.toy import work_on

_ONE = RowStatement("SELECT text[name] AS name FROM {rows}")
_TWO = RowStatement("SELECT text[name] AS name, number[count] AS count FROM {rows}")


def test_fields_are_read_by_name(toy: Callable[[], Database]) -> None:
    work = work_on(toy())
    rows = [{"count": 1, "name": "a", "other": None}, {"name": "b", "count": 2, "other": None}]
    one = work.read(lambda unit: _ONE.execute(unit.connection, rows))
    two = work.read(lambda unit: _TWO.execute(unit.connection, rows))
    assert [row.name for row in one] == ["a", "b"]
    assert [tuple(row) for row in two] == [("a", 1), ("b", 2)]


def test_a_row_without_one_of_the_fields_is_refused(toy: Callable[[], Database]) -> None:
    work = work_on(toy())
    with pytest.raises(ValueError, match="rows lack the fields count"):
        work.read(lambda unit: _TWO.execute(unit.connection, [{"name": "a"}]))
