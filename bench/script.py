"""How much of a page's time the script of the shop's pages takes to be loaded: its size."""

from __future__ import annotations

import gzip

from services.gateway.scripts import SCRIPT


def measure() -> dict[str, float]:
    """Bytes of the script as it is sent, compressed."""
    return {"script_gzip_bytes": len(gzip.compress(SCRIPT.read_bytes(), 9))}
