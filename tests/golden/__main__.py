"""`python -m tests.golden`: whether every event of every version can still be read."""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip - services import nameko

import sys
from pathlib import Path

from contracts.export import EVENTS
from tests.golden.check import Folders, faults, our_readers

ROOT = Path(__file__).parents[2]
OURS = Folders(ROOT / "tests" / "golden", ROOT / "docs" / "contracts" / "events")

if __name__ == "__main__":
    found = faults(OURS, EVENTS, our_readers())
    for fault in found:
        print(fault, file=sys.stderr)
    sys.exit(bool(found))
