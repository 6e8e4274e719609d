"""`make test`: every test, in two runs at once, each with databases and virtual hosts of its own.

Most tests wait for a server most of the time. With arguments for pytest it is one run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

HALVES = (("tests/integration", "tests/proofs/test_identity_down.py"), ("tests",))
_PYTEST = (sys.executable, "-m", "pytest")


def main(arguments: list[str]) -> int:
    """The exit status of the half that fails; what the second one says follows the first one's."""
    if arguments:
        return subprocess.run([*_PYTEST, *arguments], check=False).returncode
    first, others = HALVES
    rest = [*others, *(f"--ignore={path}" for path in first)]
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "second-half"
        with log.open("w") as output:
            second = subprocess.Popen([*_PYTEST, *rest], stdout=output, stderr=subprocess.STDOUT)
        try:
            print("The first half; the second one runs meanwhile.", flush=True)
            status = subprocess.run([*_PYTEST, *first], check=False).returncode
            print("The second half:", flush=True)
            _show_until_ended(log, second)
        finally:
            second.kill()
            second.wait()
    return status or second.returncode


def _show_until_ended(log: Path, process: subprocess.Popen[bytes]) -> None:
    with log.open() as output:
        while process.poll() is None:
            print(output.read(), end="", flush=True)
            time.sleep(0.2)
        print(output.read(), end="", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
