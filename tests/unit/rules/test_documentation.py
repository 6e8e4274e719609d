from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from rules import ELIGIBILITY_VOCABULARY, SEGMENT_VOCABULARY, Vocabulary, compile_rule

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "rules.md"
VOCABULARIES: dict[str, Vocabulary[Any]] = {
    "segment": SEGMENT_VOCABULARY,
    "eligibility": ELIGIBILITY_VOCABULARY,
}


def test_every_rule_of_the_page_is_one() -> None:
    examples = re.findall(r"```(\w+)\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(examples) >= 3
    for vocabulary, text in examples:
        assert not compile_rule(text, VOCABULARIES[vocabulary]).warnings


@pytest.mark.parametrize("vocabulary", VOCABULARIES)
def test_every_word_of_the_language_is_on_the_page(vocabulary: str) -> None:
    page = PAGE.read_text()
    words = VOCABULARIES[vocabulary]
    for word in words.words():
        assert word in page
    for name, space in words.namespaces.items():
        for field in space.fields:
            assert f"{name}.{field}" in page
