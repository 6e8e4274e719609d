"""Facts about the ends of processes that tests start."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.support.ending import StillRunning, end_process

DEAF = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print('deaf', flush=True); time.sleep(600)"
)


def test_a_process_that_does_not_end_is_killed_and_its_log_is_shown() -> None:
    with subprocess.Popen([sys.executable, "-c", DEAF], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"deaf\n"
        with pytest.raises(StillRunning, match="what it has printed"):
            end_process(process, 0.1, lambda: "what it has printed")
        assert process.poll() is not None
