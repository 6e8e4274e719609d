"""The entry point of `cdp` and `python -m cdp`."""

from __future__ import annotations

import gc
import warnings


def main() -> None:
    """Run the command line; its exit status is 0, 1 for a failure or 2 for a usage error."""
    # Eventlet warns that it is in maintenance; we know: docs/explanation/architecture.md.
    warnings.filterwarnings("ignore", message=r"\s*Eventlet is deprecated")
    warnings.filterwarnings("ignore", message="pkg_resources is deprecated")
    gc.disable()  # imports leave no garbage, and looking for it is a quarter of the start
    import chassis.runtime.green  # noqa: F401, PLC0415 - must come before all that it makes cooperative
    from cdp.commands.root import cli  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    cli(prog_name="cdp")
