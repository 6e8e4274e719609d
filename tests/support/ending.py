"""Processes of tests at their end: nothing that a test has started outlives it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable

from tests.support.forge import ChildProcess


class StillRunning(AssertionError):
    """A process that was asked to end did not, and was killed; the message ends with its log."""


def end_process(process: ChildProcess, patience: float, log: Callable[[], str] = str) -> int:
    """Ask a process to end; its exit status. One that takes longer is killed, and StillRunning."""
    process.terminate()
    try:
        return process.wait(patience)
    except subprocess.TimeoutExpired as error:
        process.kill()
        process.wait()
        raise StillRunning(f"{error}: it was killed\n{log()}") from None
