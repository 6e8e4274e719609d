"""`cdp run`."""

from __future__ import annotations

import os
import sys
from typing import cast

import click

from cdp.running import run_services
from chassis.config.settings import Role
from contracts.topology import ALL_NAMES, EDGE_NAMES, SERVICE_NAMES


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(ALL_NAMES), metavar="[SERVICE]...")
@click.option(
    "--role",
    type=click.Choice(["rpc", "events", "all"]),
    default="all",
    show_default=True,
    help="rpc: answer calls; events: follow events and run timers; all: both.",
)
@click.option(
    "--embedded",
    is_flag=True,
    help="Use SQLite files in .run/embedded, and an in-process broker unless CDP_AMQP_URI is set.",
)
def run(services: tuple[str, ...], role: str, embedded: bool) -> None:
    """Run services (default: all four, without the gateway).

    They run in this process until SIGTERM or Ctrl-C. Settings come from the environment, with
    SERVICE in capitals: CDP_<SERVICE>_DATABASE_URI, CDP_<SERVICE>_AMQP_URI (or CDP_AMQP_URI),
    CDP_CLOCK, CDP_IDENTIFIER_KEY, CDP_CONFIG_DIR, CDP_LOG (json or text).
    docs/howto/operations.md lists them all. The gateway needs a process of its own: `cdp run
    gateway`.
    """
    if edges := set(services) & set(EDGE_NAMES):
        if len(services) > 1 or embedded:
            raise click.UsageError(f"{', '.join(edges)} runs alone, and not with --embedded")
        _become(services[0])
    run_services(services or SERVICE_NAMES, cast("Role", role), embedded)


def _become(name: str) -> None:
    """Go on as the process of a service that does not stand on nameko, nor on its patches."""
    sys.stdout.flush()
    sys.stderr.flush()
    module = f"services.{name}.service"
    os.execv(sys.executable, [sys.executable, "-W", "ignore", "-m", module])  # noqa: S606 - it is us
