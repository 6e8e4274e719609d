"""The script of the shop's pages; its sources are in web/."""

from __future__ import annotations

from services.gateway.domain.caching import static_handler
from services.gateway.domain.routes import Route
from services.gateway.scripts import SCRIPT

SCRIPT_PATH = "/cdp.js"
_SECONDS = 3600

ROUTES: tuple[Route, ...] = (
    Route(
        "GET",
        SCRIPT_PATH,
        static_handler(SCRIPT.read_bytes(), "text/javascript; charset=utf-8", _SECONDS),
        "none",
        reads_json=False,
        summary="The script of the shop's pages.",
    ),
)
