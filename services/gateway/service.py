"""The service gateway: HTTP in, calls of the services out. `python -m services.gateway.service`."""

from __future__ import annotations

import sys

from chassis.core.errors import ServiceError
from chassis.observability.logging import configure_logging, read_log_form, read_log_level
from chassis.observability.tracing import open_tracing
from services.gateway.configuration import read_gateway_settings
from services.gateway.handlers import ROUTES
from services.gateway.server.process import serve_until_stopped


def main() -> int:
    """Serve until SIGTERM or SIGINT; 1 and a message if that cannot be."""
    try:
        settings = read_gateway_settings()
        configure_logging(read_log_form(), read_log_level())
        tracing = open_tracing()
        try:
            serve_until_stopped(settings, ROUTES, tracing.tracer("gateway"))
        finally:
            tracing.stop()
    except ServiceError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
