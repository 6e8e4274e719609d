"""The README's cases, each with the test that tries it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_ROOT = Path(__file__).parents[3]
_README = (_ROOT / "services/identity/README.md").read_text()
_CASES = _README.partition("## The cases")[2].partition("\n## ")[0]
_ROWS = [
    line
    for line in _CASES.splitlines()
    if line.startswith("| ") and not line.startswith(("| **", "| what is seen"))
]
_TESTS = "\n".join(
    path.read_text()
    for folder in ("identity", "identifiers")
    for path in (_ROOT / "tests/unit" / folder).glob("test_*.py")
)


@pytest.mark.parametrize("row", _ROWS)
def test_a_case_names_a_test_that_is_there(row: str) -> None:
    *_, test = re.findall(r"`(test_\w+)` \|$", row)
    assert f"def {test}(" in _TESTS


def test_there_are_cases() -> None:
    assert len(_ROWS) > 30
