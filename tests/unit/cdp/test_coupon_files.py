"""Files of coupon codes, as shops export them."""

from __future__ import annotations

from pathlib import Path

import pytest

from cdp.commands.offers import read_codes
from chassis import InvalidInput


def codes(folder: Path, text: str) -> list[str]:
    path = folder / "codes.txt"
    path.write_text(text, encoding="utf-8")
    return read_codes(path)


def test_each_line_is_a_code_and_counts_once(tmp_path: Path) -> None:
    assert codes(tmp_path, "\ufeffA-1\r\n\n  B.2\t\r\nA-1\n") == ["A-1", "B.2"]


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("A-1\nB-2;10.00\n", "line 2: is more than a code; write one code a line"),
        ("A-1,10.00\n", "line 1"),
        ('"A-1"\n', "without quotes"),
        ("A-1\tten percent\n", "line 1"),
        ("Code\nA-1\n", "begins with `Code`, a heading and no code; remove it"),
        ("coupons\nA-1\n", "a heading"),
        ("\n \n", "has no code"),
    ],
)
def test_a_table_is_no_list_of_codes(tmp_path: Path, text: str, fix: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        codes(tmp_path, text)
    assert refused.value.subject.endswith("codes.txt")
    assert fix in refused.value.message
