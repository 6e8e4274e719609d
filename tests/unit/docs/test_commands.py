"""The pages: every `cdp …` in them is a command that there is."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from cdp.commands.root import cli
from tests.unit.docs.test_links import ROOT, _pages

_CODE = re.compile(r"^```.*?^```|^ {4}.*?$|`[^`\n]+`", re.DOTALL | re.MULTILINE)
_COMMAND = re.compile(r"(?<![\w./-])cdp((?: [a-z][a-z-]*)+)(?![\w/.:=-])")


def unknown_commands(text: str) -> Iterator[str]:
    """The commands in the code of a page that `cdp` does not have."""
    for code in _CODE.findall(text):
        for words in _COMMAND.findall(code):
            command: click.Command | None = cli
            for word in words.split():
                if not isinstance(command, click.Group):
                    break  # an argument
                command = command.commands.get(word)
            if command is None:
                yield f"cdp{words}"


@pytest.mark.parametrize("page", _pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_in_a_page_exists(page: Path) -> None:
    assert list(unknown_commands(page.read_text())) == []


def test_a_command_that_does_not_exist_is_found() -> None:
    page = (
        "`cdp segments previw`, `cdp identity no-such`\n\n    cdp lood\n\n"
        "```sh\ncdp run offers\n```\n"
    )
    assert list(unknown_commands(page)) == [
        "cdp segments previw",
        "cdp identity no-such",
        "cdp lood",
    ]
    assert any(_COMMAND.findall(each.read_text()) for each in _pages())
