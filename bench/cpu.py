"""The CPU time of processes, which depends far less than durations on what else a machine does.

It is read from /proc, so it is measured on Linux only.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

_TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pids: Iterable[int]) -> float:
    """The seconds in user and in system mode that these processes have used since they began."""
    return sum(map(_ticks, pids)) / _TICKS_A_SECOND


def _ticks(pid: int) -> int:
    # The name of the program is in brackets and may have spaces; utime and stime are fields 14, 15.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
