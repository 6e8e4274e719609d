"""Runs `cdp` in a process that is spoiled in some way, for as long as it lives.

    CDP_SPOILED=clock:90,full python -m tests.proofs.spoiled run offers

clock:SECONDS  its clock is ahead by so much
slow:SECONDS   it takes so much longer for every event that it applies
untimed        no timer of segments evaluates anybody
full           the disk of its spool takes nothing
"""

import os
import time
import warnings
from typing import Any

warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

import chassis.runtime.green  # noqa: E402, F401 - before all that it makes cooperative
from cdp.main import main  # noqa: E402
from chassis.eventlog.spool import Spool  # noqa: E402
from chassis.projections.inbox import Inbox  # noqa: E402
from services.segments.commands import DueEvaluation  # noqa: E402


def clock(seconds: float) -> None:
    machine_ns, machine = time.time_ns, time.time
    time.time_ns = lambda: machine_ns() + int(seconds * 1_000_000_000)
    time.time = lambda: machine() + seconds


def slow(seconds: float) -> None:
    process = Inbox.process

    def patched(inbox: Any, events: Any, projection: Any) -> Any:
        time.sleep(seconds * len(events))
        return process(inbox, events, projection)

    Inbox.process = patched  # type: ignore[assignment, method-assign]


def untimed(_amount: float) -> None:
    DueEvaluation.run = lambda *_arguments: None  # type: ignore[method-assign]


def full(_amount: float) -> None:
    def write(_spool: Any, _line: bytes) -> None:
        raise OSError("no space left on device")

    Spool.write = write  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    for each in os.environ["CDP_SPOILED"].split(","):
        name, _, amount = each.partition(":")
        {"clock": clock, "slow": slow, "untimed": untimed, "full": full}[name](float(amount or 0))
    main()
