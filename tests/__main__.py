"""`make test`: every test, in two runs at once, each with databases and virtual hosts of its own.

Most tests wait for a server most of the time. With arguments for pytest it is one run.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time

HALVES = (("tests/integration", "tests/proofs/test_identity_down.py"), ("tests",))
_PYTEST = (sys.executable, "-m", "pytest")


def main(arguments: list[str]) -> int:
    """The exit status of the first half that fails; the second half's output follows the first's."""
    if arguments:
        return subprocess.run([*_PYTEST, *arguments], check=False).returncode
    first, others = HALVES
    rest = [*others, *(f"--ignore={path}" for path in first)]
    with tempfile.TemporaryFile("w+") as output:
        second = subprocess.Popen([*_PYTEST, *rest], stdout=output, stderr=subprocess.STDOUT)
        try:
            print("The first half; the second one runs meanwhile.", flush=True)
            status = subprocess.run([*_PYTEST, *first], check=False).returncode
            print("The second half:", flush=True)
            shown = 0
            while second.poll() is None:
                shown = _show(output, shown)
                time.sleep(0.2)
            _show(output, shown)
        finally:
            second.kill()
            second.wait()
    return status or second.returncode


def _show(output: tempfile._TemporaryFileWrapper[str], shown: int) -> int:
    """Print what has come since place `shown`; the place reached."""
    output.seek(shown)
    print(output.read(), end="", flush=True)
    return output.tell()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
