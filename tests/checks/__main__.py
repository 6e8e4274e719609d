"""Run every check of the tree: `python -m tests.checks`."""

from __future__ import annotations

import sys

from tests.checks import computed_imports, floor_plan, names
from tests.checks.tree import Tree


def main() -> int:
    """Print what is wrong; the exit status is 1 if anything is."""
    tree = Tree.of_repository()
    faults = [
        fault
        for check in (names.faults, floor_plan.faults, computed_imports.faults)
        for fault in check(tree)
    ]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
