"""The processes that the forge starts have nothing in common but what they have read."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pathlib import Path

from tests.support.system import ProcessSuite


def opened(pid: int) -> set[int]:
    """The inodes of all that a process has open."""
    return {os.stat(each).st_ino for each in Path(f"/proc/{pid}/fd").iterdir()}


def awaited(pid: int) -> set[int]:
    """The inodes of all that wakes up a process."""
    text = "".join(each.read_text() for each in Path(f"/proc/{pid}/fdinfo").iterdir())
    return {int(inode, 16) for inode in re.findall(r"^tfd:.* ino:(\w+)", text, re.MULTILINE)}


def test_no_process_is_woken_up_by_what_another_one_waits_for(
    suite: Callable[..., ProcessSuite],
) -> None:
    running = suite(services=("identity", "profiles"))
    pids = running.pids("identity", "profiles")
    for process in running.processes:
        running.freeze(process)  # so that nothing is opened or closed between two looks
    assert all(awaited(pid) for pid in pids)
    assert [awaited(pid) - opened(pid) for pid in pids] == [set(), set()]
