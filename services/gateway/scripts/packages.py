"""Scripts of npm packages that are installed beside us, and are no part of the repository."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from chassis.core.errors import NotFound


@lru_cache(maxsize=16)
def read_package(node_modules: Path | None, package: str, path: str) -> bytes:
    """A file of a package; NotFound if no directory is named, or the file is not in it."""
    if node_modules is None:
        raise NotFound("node_modules", "is named by no CDP_GATEWAY_NODE_MODULES")
    try:
        return (node_modules / package / path).read_bytes()
    except OSError:
        raise NotFound("package", f"{package} is not installed in {node_modules}") from None
