"""When a process had to wait for the machine: by as long, what it answers is not its own delay.

    CDP_HEARTBEATS=directory python -m tests.proofs.heartbeats run offers

A thread of the process, which eventlet knows nothing of, wakes all the time, and notes when it woke
late. Whatever else holds up the process's answers, such as a hub that is blocked, does not hold up
that thread, and stays the process's own fault.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

VARIABLE = "CDP_HEARTBEATS"
_PAUSE = 0.01
_LEAST = 0.02  # seconds: less is what threads of one process cost each other


class Stall(NamedTuple):
    """A time (s, monotonic clock) in which a process was not run although it was ready."""

    start: float
    end: float


def read_stalls(directory: Path) -> list[Stall]:
    """The stalls of all processes that note them in a directory."""
    texts = [file.read_text() for file in directory.glob("*.stalls")]
    lines = [line for text in texts for line in text.splitlines(keepends=True)]
    return [Stall(*map(float, line.split())) for line in lines if line.endswith("\n")]


def stalled_seconds(stalls: Iterable[Stall], began: float, ended: float) -> float:
    """For how long between two instants at least one of the processes was stalled."""
    total, until = 0.0, began
    for start, end in sorted(stalls):
        if end > until and start < ended:
            total += min(end, ended) - max(start, until)
            until = min(end, ended)
    return total


def start_heartbeat(directory: str) -> None:
    """Have this process note its stalls, until it ends."""
    from eventlet import patcher

    threading, time = patcher.original("threading"), patcher.original("time")
    file = Path(directory, f"{os.getpid()}.stalls").open("a")  # noqa: SIM115 - as long as it runs

    def beat() -> None:
        while True:
            due = time.monotonic() + _PAUSE
            time.sleep(_PAUSE)
            woke = time.monotonic()
            if woke - due > _LEAST:
                print(due, woke, file=file, flush=True)

    threading.Thread(target=beat, name="heartbeat", daemon=True).start()


def _main() -> None:
    import warnings

    warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

    import chassis.runtime.green  # noqa: F401 - before all that it makes cooperative
    from cdp.main import main

    if directory := os.environ.get(VARIABLE):
        start_heartbeat(directory)
    main()


if __name__ == "__main__":
    _main()
