"""Lines that coverage leaves out: each says why, as `# pragma: no cover - reason`."""

from __future__ import annotations

import re

from tests.checks.tree import Tree

_EXCLUSION = re.compile(r"# *pragma: *no *(?:cover|branch)(.*)$", re.MULTILINE | re.IGNORECASE)
_REASON = re.compile(r" - \S.*")


def faults(tree: Tree) -> list[str]:
    """Exclusions without a reason, a sentence for each."""
    return [
        f"{path}: an exclusion from coverage says why: # pragma: no cover - reason"
        for path, text in tree.files.items()
        if not path.startswith(("tests/checks/", "tests/unit/checks/"))
        for rest in _EXCLUSION.findall(text)
        if not _REASON.match(rest)
    ]
