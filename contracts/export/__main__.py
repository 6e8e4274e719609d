"""`python -m contracts.export [--check]`: write the documents in docs/contracts, or check them.

Nothing is written when a change breaks what was promised within a version.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from contracts.export.files import broken, drifted, write
from contracts.export.generation import documents

FOLDER = Path("docs/contracts")


def main() -> int:
    """Run the command; the exit status is 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m contracts.export", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, and say what differs")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where the documents are")
    options = parser.parse_args()
    present = documents()
    faults = broken(options.folder, present)
    if options.check:
        faults += drifted(options.folder, present)
    elif not faults:
        for path in write(options.folder, present):
            print(options.folder / path)
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
