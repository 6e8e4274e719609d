"""Fact about what is imported with the package."""

from __future__ import annotations

import subprocess
import sys


def test_scipy_is_imported_by_what_computes_and_not_with_the_package() -> None:
    loaded = "import clv, sys; print(any(each.startswith('scipy') for each in sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", loaded], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
