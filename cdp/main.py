"""The entry point of `cdp` and `python -m cdp`."""

from __future__ import annotations

import atexit
import gc
import warnings

ALLOCATIONS_A_COLLECTION = 20_000
"""How many allocations there are between two looks for garbage, in a command and in a service."""


def main() -> None:
    """Run the command line; its exit status is 0, 1 for a failure or 2 for a usage error."""
    # Eventlet warns that it is in maintenance; we know: docs/explanation/architecture.md.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    # Imports leave no garbage, and looking for it is a quarter of the start; so it is of the end.
    gc.set_threshold(ALLOCATIONS_A_COLLECTION)
    atexit.register(gc.freeze)
    import chassis.runtime.green  # noqa: F401, PLC0415 - must come before all that it makes cooperative
    from cdp.commands.root import cli  # noqa: PLC0415

    cli(prog_name="cdp")
