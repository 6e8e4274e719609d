"""The files that a check reads: those of the repository, or a test's own."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Tree:
    """Paths from the root, with the text of each Python file (others have an empty one)."""

    files: Mapping[str, str]

    @classmethod
    def of_repository(cls, root: Path = ROOT) -> Tree:
        """Every file under version control, and new ones; all files of a folder without git."""
        if not (root / ".git").exists():
            found = (str(path.relative_to(root)) for path in root.rglob("*"))
            return cls.of_paths(root, (path for path in found if "__pycache__" not in path))
        listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
        output = subprocess.run(listing, cwd=root, check=True, capture_output=True, text=True)
        return cls.of_paths(root, output.stdout.splitlines())

    @classmethod
    def of_paths(cls, root: Path, paths: Iterable[str]) -> Tree:
        """These files of a folder."""
        files = [path for path in sorted(paths) if (root / path).is_file()]
        return cls(
            {path: (root / path).read_text() if path.endswith(".py") else "" for path in files}
        )

    @cached_property
    def modules(self) -> dict[str, ast.Module]:
        """The syntax tree of each Python file."""
        return {path: ast.parse(text) for path, text in self.files.items() if path.endswith(".py")}
