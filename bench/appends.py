"""Appends to the event log, against the PostgreSQL recorder of the `eventsourcing` package.

The two run in turns, each in a process of its own with eight writers, on a database of its own:
with one event a commit, and with 100 events to 100 streams a commit.
"""

from __future__ import annotations

import subprocess
import sys
from statistics import median

from tests.support.servers import Databases

ROUNDS = 3
SECONDS = 5.0
WRITERS = 8

SIZES: dict[str, int] = {"single": 1, "batch": 100}


def measure(databases: Databases) -> dict[str, float]:
    """Our events a second, theirs, and the ratio, for both sizes."""
    figures: dict[str, float] = {}
    ours, _ = databases.create("bench")
    theirs, _ = databases.create("bench")
    try:
        for mode in SIZES:
            rates: dict[str, list[float]] = {"ours": [], "eventsourcing": []}
            for _ in range(ROUNDS):
                rates["ours"].append(_run("bench.appends_ours", ours, mode))
                rates["eventsourcing"].append(_run("bench.appends_theirs", theirs, mode))
            ratios = [a / b for a, b in zip(*rates.values(), strict=True)]
            for name, values in rates.items():
                figures[f"append_{mode}_{name}_per_s"] = round(median(values))
            figures[f"append_{mode}_over_eventsourcing"] = round(median(ratios), 2)
    finally:
        databases.drop(ours)
        databases.drop(theirs)
    return figures


def _run(module: str, uri: str, mode: str) -> float:
    command = [sys.executable, "-W", "ignore", "-m", module, uri, mode]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{module} failed:\n{done.stderr}")
    return float(done.stdout)
