"""The properties that hold whatever happens, each with the tests that try it."""

from __future__ import annotations

import re
from itertools import chain
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_PARTS = [
    [
        line
        for line in part.splitlines()
        if line.startswith("| ") and not line.startswith("| what holds")
    ]
    for part in (_ROOT / "docs/explanation/properties.md").read_text().split("\n## ")
]
_TESTS = "\n".join(path.read_text() for path in (_ROOT / "tests").rglob("test_*.py"))


@pytest.mark.parametrize("row", [*chain(*_PARTS)])
def test_a_property_names_tests_that_are_there(row: str) -> None:
    names = re.findall(r"`(test_\w+)`", row)
    assert names
    assert [name for name in names if f"def {name}(" not in _TESTS] == []


def test_there_are_so_many_properties_of_each_part() -> None:
    assert [len(rows) for rows in _PARTS] == [
        11,
        3,
        4,
        6,
    ]  # of identity and orders, webhooks, bad input, segments
