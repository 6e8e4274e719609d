"""`make test`: every test, in a few runs at once, each with databases and virtual hosts of its own.

Most tests wait for a server most of the time. Given folders it is the tests in them; with other
arguments for pytest it is one run.

A few tests that fail beside others are run again by themselves, on a machine that is quiet then.
What passes then is named at the end, as a fault to be mended; it does not fail the whole. Unit
tests need no server and get no second run.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest

RUNS = 3  # more on two cores hold one another up, until what waits a few seconds waits in vain
_FAILED = "failed"  # no name of a file of tests
_MOST_AGAIN = 5  # more failures are no chance
_TESTS = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """The exit status of a run that fails; the output of the others follows the first one's."""
    if not all(Path(argument).is_dir() for argument in arguments):
        return pytest.main(arguments)
    share = Share(Path(tempfile.mkdtemp()))
    try:
        statuses = [int(pytest.main(arguments, plugins=[share]))]
        for run in share.others:
            print("Another run:", flush=True)
            statuses.append(run.show_until_ended())
        failed = share.failed
    finally:
        share.close()
    worst = set(statuses) - {0}
    return run_again(failed) if worst == {pytest.ExitCode.TESTS_FAILED} else max(worst, default=0)


def run_again(failed: list[str]) -> int:
    """Run the tests that have failed by themselves; the exit status is then theirs."""
    names = "".join(f"\n  {name}" for name in failed)
    if len(failed) > _MOST_AGAIN or any(name.startswith("tests/unit/") for name in failed):
        return pytest.ExitCode.TESTS_FAILED
    print(f"\nFailed, and run again by themselves:{names}", flush=True)
    status = subprocess.run([sys.executable, "-m", "pytest", *failed], check=False).returncode
    if not status:
        print(f"\nUNSTABLE, to be mended: these failed once and passed by themselves:{names}")
    return status


class Run:
    """Another run, a fork of the first one, that writes to `log`."""

    def __init__(self, process: int, log: Path) -> None:
        self._process = process
        self._log = log
        self._status: int | None = None

    def show_until_ended(self) -> int:
        """Its exit status, once all that it writes has been printed."""
        with self._log.open() as output:
            while not self._ended():
                print(output.read(), end="", flush=True)
                time.sleep(0.2)
            print(output.read(), end="", flush=True)
        return self._status or 0

    def kill(self) -> None:
        """End it, if it has not ended."""
        while not self._ended():
            with suppress(ProcessLookupError):
                os.kill(self._process, signal.SIGKILL)
            time.sleep(0.1)

    def _ended(self) -> bool:
        if self._status is None:
            ended, status = os.waitpid(self._process, os.WNOHANG)
            if ended:
                self._status = os.waitstatus_to_exitcode(status)
        return self._status is not None


class Share:
    """A run's share: file by file, what no other run with the same `folder` has taken.

    The first run collects the tests; the others are forks of it, which have collected them too.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._number = 0
        self.others: list[Run] = []

    @property
    def failed(self) -> list[str]:
        """The tests that have failed in any of the runs, by their names for pytest."""
        file = self._folder / _FAILED
        return sorted(set(file.read_text().splitlines())) if file.exists() else []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what fails, in the test itself or around it."""
        if report.failed:
            with (self._folder / _FAILED).open("a") as file:
                file.write(f"{report.nodeid}\n")

    def close(self) -> None:
        """End the other runs; of the first run, also remove the folder."""
        for run in self.others:
            run.kill()
        if not self._number:
            shutil.rmtree(self._folder)

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Pytest's own loop, over the share."""
        if session.testsfailed:
            return None  # some file cannot be read, and pytest says so
        print(f"The first of {RUNS} runs; the others go on meanwhile.", flush=True)
        self._fork(session.config)
        for item, following in pairwise(chain(self._take(session.items), [None])):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True

    def _fork(self, config: pytest.Config) -> None:
        import eventlet  # by now patched, and silent

        for number in range(1, RUNS):
            log = self._folder / f"log-{number}"
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # eventlet's, of green threads: there are none yet
                process = os.fork()
            if not process:
                eventlet.hubs.use_hub()  # its own: the parent waits at the old one
                self._number, self.others = number, []
                _write_to(log, config)
                return
            self.others.append(Run(process, log))

    def _take(self, items: list[pytest.Item]) -> Iterator[pytest.Item]:
        """The short files come last, and each run begins with another folder of long ones."""
        files: dict[Path, list[pytest.Item]] = {}
        for item in items:
            files.setdefault(item.path.relative_to(_TESTS), []).append(item)
        folders = sorted({file.parts[0] for file in files} - {"unit"})
        turn = self._number % max(len(folders), 1)
        order = [*folders[turn:], *folders[:turn], "unit"]
        for file in sorted(files, key=lambda file: order.index(file.parts[0])):
            try:
                (self._folder / "-".join(file.parts)).touch(exist_ok=False)
            except FileExistsError:
                continue
            yield from files[file]


def _write_to(log: Path, config: pytest.Config) -> None:
    """Send what this process prints to `log`, also where pytest kept what it captures for."""
    capture: Any = config.pluginmanager.getplugin("capturemanager")
    capture.stop_global_capturing()
    with log.open("wb") as file:
        os.dup2(file.fileno(), sys.stdout.fileno())
        os.dup2(file.fileno(), sys.stderr.fileno())
    capture.start_global_capturing()
    capture.suspend_global_capture()


if __name__ == "__main__":
    # Bytecode is kept whatever the user wants of Python: else each of the many processes that the
    # tests start compiles all of our files.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    sys.exit(main(sys.argv[1:]))
