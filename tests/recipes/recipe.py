"""The recipes of CONTRIBUTING.md, read from the page and followed on a copy of the tree."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_RECIPE = re.compile(r"^## Recipe: (.+?)\n(.*?)(?=^## |\Z)", re.DOTALL | re.MULTILINE)
_STEP = re.compile(r"^\d+\. \*\*.*?(?=^\d+\. \*\*|\Z)", re.DOTALL | re.MULTILINE)
_CHECK = re.compile(r"Check:\s+`([^`]+)`")
_EDIT = re.compile(
    r"In\s+`(?P<file>[^`]+)`,\s+(?P<place>before|after|instead\s+of)\s+`(?P<anchor>[^`]+)`:\n\n"
    r"(?P<change>\s+```\w+\n.*?^\s+```$)"
    r"|New\s+file\s+`(?P<new>[^`]+)`:\n\n(?P<content>\s+```\w+\n.*?^\s+```$)"
    r"|Run\s+`(?P<command>[^`]+)`",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Edit:
    """One change that a step asks for: lines in a file, a new file, or a command to run.

    `place` is "before", "after" or "instead of" the first line that has `anchor` in it.
    """

    file: str = ""
    place: str = ""
    anchor: str = ""
    text: str = ""
    command: str = ""

    def __str__(self) -> str:
        return self.command or f"{self.file} {self.place} {self.anchor}".strip()

    def apply(self, root: Path) -> None:
        """Change the file below `root`; AssertionError if the anchor is not there."""
        path = root / self.file
        if not self.place:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(self.text)
            return
        lines = path.read_text().splitlines(keepends=True)
        at = next((i for i, line in enumerate(lines) if self._is_at(line)), None)
        assert at is not None, f"{self.file}: no line has {self.anchor}"
        first, rest = {"before": (at, at), "after": (at + 1, at + 1)}.get(self.place, (at, at + 1))
        path.write_text("".join([*lines[:first], self.text, *lines[rest:]]))

    def _is_at(self, line: str) -> bool:
        if self.anchor.endswith(":") and " " not in self.anchor:  # the key of a YAML file
            return line.rstrip() == self.anchor
        return self.anchor in line


@dataclass(frozen=True, slots=True)
class Step:
    """Edits that belong together, and the command that fails if one of them is forgotten."""

    edits: tuple[Edit, ...]
    check: str

    @property
    def module(self) -> list[str]:
        """The module and the arguments of the check, a `python -m …`."""
        return shlex.split(self.check)[2:]


def read_recipes(page: str) -> dict[str, list[Step]]:
    """The recipes of the page by name."""
    return {name: list(_steps(text)) for name, text in _RECIPE.findall(page)}


def _steps(text: str) -> Iterator[Step]:
    for step in _STEP.findall(text):
        edits = tuple(_edit(match) for match in _EDIT.finditer(step))
        check = _CHECK.search(step)
        assert edits, f"a step without an edit: {step}"
        assert check, f"a step without a check: {step}"
        yield Step(edits, check[1])


def _edit(match: re.Match[str]) -> Edit:
    if match["command"]:
        return Edit(command=match["command"])
    if match["new"]:
        return Edit(file=match["new"], text=_code(match["content"]))
    place = " ".join(match["place"].split())
    return Edit(match["file"], place, match["anchor"], _code(match["change"]))


def _code(block: str) -> str:
    """The text of a code block, which stands three columns in."""
    lines = block.strip("\n").splitlines()
    return "".join(f"{line.removeprefix('   ')}\n" for line in lines[1:-1])
