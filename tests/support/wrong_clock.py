"""Runs `cdp` in a process whose clock is wrong, by so many seconds:

CDP_CLOCK_ERROR=86400 python -m tests.support.wrong_clock run profiles
"""

import os
import time
import warnings

warnings.filterwarnings("ignore")  # as `cdp` does, before nameko is imported

_ERROR = int(os.environ["CDP_CLOCK_ERROR"])
_seconds, _nanoseconds = time.time, time.time_ns


def _wrong_seconds() -> float:
    return _seconds() + _ERROR


def _wrong_nanoseconds() -> int:
    return _nanoseconds() + _ERROR * 1_000_000_000


time.time, time.time_ns = _wrong_seconds, _wrong_nanoseconds

import chassis.runtime.green  # noqa: E402, F401 - before all that it makes cooperative
from cdp.main import main  # noqa: E402

if __name__ == "__main__":
    main()
