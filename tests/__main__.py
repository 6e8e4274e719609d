"""`make test`: every test, in a few runs at once, each with databases and virtual hosts of its own.

Most tests wait for a server most of the time. Given folders it is the tests in them; with other
arguments for pytest it is one run.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain, pairwise
from pathlib import Path
from typing import Any

import pytest

RUNS = 3
_SHARE = "--share"
_TESTS = Path(__file__).parent


def main(arguments: list[str]) -> int:
    """The exit status of a run that fails; the output of the others follows the first one's."""
    if arguments[:1] == [_SHARE]:
        _, taken, number, *folders = arguments
        return pytest.main(folders, plugins=[Share(Path(taken), int(number))])
    if not all(Path(argument).is_dir() for argument in arguments):
        return _start("-m", "pytest", *arguments).wait()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        print(f"The first of {RUNS} runs; the others go on meanwhile.", flush=True)
        logs = [Path(folder) / f"log-{number}" for number in range(1, RUNS)]
        outputs = [None, *(stack.enter_context(path.open("w")) for path in logs)]
        runs = [
            _start("-m", "tests", _SHARE, folder, str(number), *arguments, output=output)
            for number, output in enumerate(outputs)
        ]
        try:
            runs[0].wait()
            for path, run in zip(logs, runs[1:], strict=True):
                print("Another run:", flush=True)
                _show_until_ended(path, run)
        finally:
            for run in runs:
                run.kill()
                run.wait()
    return next((run.returncode for run in runs if run.returncode), 0)


class Share:
    """One run's share: file by file, what no other run with the same `folder` has taken."""

    def __init__(self, folder: Path, number: int) -> None:
        self._folder = folder
        self._number = number

    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Pytest's own loop, over the share."""
        if session.testsfailed:
            return None  # some file cannot be read, and pytest says so
        for item, following in pairwise(chain(self._take(session.items), [None])):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.shouldfail:
                raise session.Failed(session.shouldfail)
            if session.shouldstop:
                raise session.Interrupted(session.shouldstop)
        return True

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


def _start(*words: str, output: Any = None) -> subprocess.Popen[bytes]:
    # Bytecode is kept whatever the user wants of Python: else each of the many processes that the
    # tests start compiles all of our files.
    environment = {n: text for n, text in os.environ.items() if n != "PYTHONDONTWRITEBYTECODE"}
    return subprocess.Popen([sys.executable, *words], env=environment, stdout=output, stderr=output)


def _show_until_ended(log: Path, process: subprocess.Popen[bytes]) -> None:
    with log.open() as output:
        while process.poll() is None:
            print(output.read(), end="", flush=True)
            time.sleep(0.2)
        print(output.read(), end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
