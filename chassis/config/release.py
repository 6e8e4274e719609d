"""Which release of the suite a process runs: its version, and a digest of its code."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import metadata
from pathlib import Path

_DISTRIBUTION = "checkout-cdp"
_ROOT = Path(__file__).parents[2]
_DIGITS = 8


@cache
def release() -> str:
    """For instance "0.1.0+1f2e3d4c": two processes that name the same run the same code.

    The digest is over every file of ours that Python or a service reads, so that also two states of
    one version differ.
    """
    digest = hashlib.sha256()
    for path in sorted(_files()):
        digest.update(str(path.relative_to(_ROOT)).encode())
        digest.update(path.read_bytes())
    return f"{metadata.version(_DISTRIBUTION)}+{digest.hexdigest()[:_DIGITS]}"


def _files() -> list[Path]:
    names = (metadata.distribution(_DISTRIBUTION).read_text("top_level.txt") or "").split()
    return [
        path
        for name in names
        for pattern in ("*.py", "*.yaml")
        for path in (_ROOT / name).rglob(pattern)
    ]
