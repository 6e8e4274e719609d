"""The entry points: each takes a request, yields the calls that it needs, returns a response."""

from services.gateway.domain.routes import Route
from services.gateway.handlers import rest, script, tracking, webhooks

# Every group of entry points adds its own; the first route that fits a request answers it.
ROUTES: tuple[Route, ...] = (*rest.ROUTES, *script.ROUTES, *tracking.ROUTES, *webhooks.ROUTES)

__all__ = ["ROUTES"]
