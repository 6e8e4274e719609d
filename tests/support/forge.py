"""Processes of ours that start at once: forks of one that has imported what they run.

What `python -m cdp run offers` imports takes more of a processor than all that a short test asks of
it, and a whole run starts hundreds of them.

    process = start("cdp", "run", "offers", environment={…}, output=Path("offers.log"))
    process.terminate()
    assert process.wait(10) == 0
"""

from __future__ import annotations

import chassis.runtime.green  # noqa: F401  # isort: skip

import atexit
import ctypes
import gc
import importlib
import json
import math
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import eventlet.hubs
import eventlet.patcher

ROOT = Path(__file__).parents[2]
# What is imported besides `cdp`, whose commands name most of it.
_MODULES = (
    *(f"services.{name}.service" for name in ("identity", "profiles", "segments", "offers")),
    "cdp.main",
    "cdp.running",
    "nameko.cli.run",
    "psycopg2",
    "sqlalchemy.dialects.postgresql.psycopg2",
)
_ONE_AT_A_TIME = threading.Lock()
_PDEATHSIG, _CHILD_SUBREAPER = 1, 36  # of Linux's prctl


class ChildProcess(Protocol):
    """What tests use of `subprocess.Popen`."""

    pid: int

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Its exit status; subprocess.TimeoutExpired if it has not ended by then."""

    def send_signal(self, sig: int, /) -> None:
        """Send it a signal, unless it has ended."""

    def terminate(self) -> None:
        """Ask it to end."""

    def kill(self) -> None:
        """End it at once."""


class Forked:
    """A `ChildProcess` that the forge has started."""

    def __init__(self, pid: int, words: tuple[str, ...]) -> None:
        self.pid = pid
        self._words = words
        self._status: int | None = None

    def poll(self) -> int | None:
        if self._status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status

    def wait(self, timeout: float | None = None) -> int:
        deadline = math.inf if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(self._words, timeout or 0)
            time.sleep(0.01)
        return status

    def send_signal(self, sig: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, sig)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def start(module: str, *words: str, environment: Mapping[str, str], output: Path) -> ChildProcess:
    """Run `python -m module words` with this environment alone; what it prints goes to `output`.

    It ends with this process, whose child it is, where the system can see to that.
    """
    if sys.platform != "linux":
        with output.open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", module, *words],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
    forge = _forge(os.getpid())
    request = {"module": module, "words": words, "environment": dict(environment)}
    with _ONE_AT_A_TIME:
        forge.stdin.write(json.dumps(request | {"output": str(output)}) + "\n")
        forge.stdin.flush()
        pid = forge.stdout.readline()
    if not pid:
        raise RuntimeError(f"the forge has ended with status {forge.wait()}: see standard error")
    return Forked(int(pid), (module, *words))


@lru_cache(maxsize=1)
def _forge(_owner: int) -> Any:
    """The process that forks. Whom it leaves behind becomes a child of this one."""
    _prctl(_CHILD_SUBREAPER, 1)
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.forge"],
        cwd=ROOT,
        env={name: text for name, text in os.environ.items() if not name.startswith("CDP_")},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    atexit.register(process.communicate)  # without requests it ends
    return process


def _prctl(option: int, value: int) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), "prctl")


def main() -> None:
    """Fork for each line of standard input, until there are no more."""
    for name in _MODULES:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    fork, wait = (eventlet.patcher.original("os").__dict__[name] for name in ("fork", "waitpid"))
    for line in sys.stdin:
        between = fork()
        if between:
            wait(between, 0)
        elif fork():
            os._exit(0)
        else:
            _run(json.loads(line))
            return


def _run(request: dict[str, Any]) -> None:
    """Become the process that was asked for."""
    forge = os.getsid(0)
    os.setsid()
    # The hub of the forge is one epoll: in it all forks would wait for the sockets of one another.
    eventlet.hubs.use_hub()
    with suppress(ProcessLookupError):
        while os.getsid(os.getppid()) == forge:  # until whoever has forked it has ended
            eventlet.patcher.original("time").sleep(0.0005)
    _prctl(_PDEATHSIG, signal.SIGKILL)
    print(os.getpid(), flush=True)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), sys.stdin.fileno())
    with open(request["output"], "wb") as output:
        os.dup2(output.fileno(), sys.stdout.fileno())
        os.dup2(output.fileno(), sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(request["environment"])
    sys.argv = [request["module"], *request["words"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
