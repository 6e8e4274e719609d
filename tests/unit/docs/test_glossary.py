"""The glossary: one meaning for each term."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

GLOSSARY = Path(__file__).parents[3] / "docs" / "glossary.md"


def test_a_term_is_explained_once() -> None:
    rows = re.findall(r"^\| (\*\*.*?) \|", GLOSSARY.read_text(encoding="utf-8"), re.MULTILINE)
    terms = Counter(term for row in rows for term in re.findall(r"\*\*(.+?)\*\*", row))
    assert len(terms) > 80
    assert [term for term, count in terms.items() if count > 1] == []
