"""`cdp run`."""

from __future__ import annotations

from typing import cast

import click

from cdp.commands.arguments import services_argument
from cdp.running import run_services
from chassis.config.settings import Role
from contracts.topology import SERVICE_NAMES


@click.command()
@services_argument
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
    """Run services (default: all four).

    They run in this process until SIGTERM or Ctrl-C. Settings come from the environment, with
    SERVICE in capitals: CDP_<SERVICE>_DATABASE_URI, CDP_<SERVICE>_AMQP_URI (or CDP_AMQP_URI),
    CDP_CLOCK, CDP_IDENTIFIER_KEY, CDP_CONFIG_DIR, CDP_LOG (json or text).
    docs/howto/operations.md lists them all.
    """
    run_services(services or SERVICE_NAMES, cast("Role", role), embedded)
