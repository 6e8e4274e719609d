"""Run the checks of the tree: `python -m tests.checks` all of them, with names only those named."""

from __future__ import annotations

from tests.checks import agreement  # isort: skip - makes the process green

import sys
from collections.abc import Callable, Sequence

from tests.checks import computed_imports, exclusions, floor_plan, names, walls
from tests.checks.tree import Tree

CHECKS: dict[str, Callable[[Tree], list[str]]] = {
    "agreement": agreement.faults,
    "computed_imports": computed_imports.faults,
    "exclusions": exclusions.faults,
    "floor_plan": floor_plan.faults,
    "names": names.faults,
    "walls": walls.faults,
}


def main(chosen: Sequence[str]) -> int:
    """Print what is wrong; the exit status is 1 if anything is."""
    tree = Tree.of_repository()
    faults = [fault for name in chosen or CHECKS for fault in CHECKS[name](tree)]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
