"""The CPU time of processes, which depends far less than durations on what else a machine does.

It is read from /proc, so it is measured on Linux only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")
_SERVERS = ("postgres", "beam.smp")


def cpu_seconds(pids: Iterable[int]) -> float:
    """The seconds in user and in system mode that these processes have used since they began."""
    return sum(map(_ticks, pids)) / _TICKS_A_SECOND


def server_cpu_seconds() -> float:
    """The seconds that PostgreSQL and RabbitMQ on this machine have used since they began.

    It counts all that they do, for others as well. RuntimeError if one of them is not seen here.
    """
    ticks = dict.fromkeys(_SERVERS, 0)
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            name, fields = _stat(path)
            if name in ticks:
                # A session that has ended counts among the children of its server's first process.
                ticks[name] += sum(map(int, fields[11:15]))
    if missing := [name for name, found in ticks.items() if not found]:
        raise RuntimeError(f"no process called {missing[0]} runs on this machine")
    return sum(ticks.values()) / _TICKS_A_SECOND


def _ticks(pid: int) -> int:
    _name, fields = _stat(Path(f"/proc/{pid}/stat"))
    return int(fields[11]) + int(fields[12])


def _stat(path: Path) -> tuple[str, Sequence[str]]:
    """The program's name, and the fields behind it: utime, stime, cutime, cstime from the 12th."""
    # The name is in brackets and may have spaces.
    start, _bracket, rest = path.read_text().rpartition(")")
    return start.partition("(")[2], rest.split()
