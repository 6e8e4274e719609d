"""Pictures: matplotlib where it is installed, as it is an extra."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from chassis.core.errors import InvalidInput, Unavailable


def open_figure(size: tuple[float, float]) -> Any:
    """An empty picture, `size` in inches; Unavailable without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - an extra
    except ImportError:
        raise Unavailable(
            "--png", 'needs matplotlib; install it with pip install "checkout-cdp[charts]"'
        ) from None
    return Figure(figsize=size, layout="constrained")


def save(figure: Any, path: Path) -> None:
    """Write a picture as PNG; InvalidInput if it cannot be."""
    try:
        figure.savefig(path, format="png", dpi=120)
    except OSError as error:
        raise InvalidInput(str(path), f"cannot be written: {error.strerror}") from None
