"""The tests of examples/checkout/js, which Node runs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

CLIENT = Path(__file__).parents[3] / "examples" / "checkout" / "js"


def test_the_javascript_client_passes_its_own_tests() -> None:
    node = shutil.which("node")
    assert node, "Node is missing; install nodejs 20 or newer (https://nodejs.org)"
    run = subprocess.run(
        [node, "--test"], cwd=CLIENT, capture_output=True, text=True, timeout=120, check=False
    )
    assert run.returncode == 0, run.stdout
    assert " pass 0" not in run.stdout  # it has found them
