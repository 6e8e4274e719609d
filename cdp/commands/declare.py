"""`cdp declare`."""

from __future__ import annotations

import click

from cdp.commands.arguments import services_argument
from cdp.running import declare_services
from contracts.topology import SERVICE_NAMES


@click.command()
@services_argument
def declare(services: tuple[str, ...]) -> None:
    """Declare exchanges and queues again (default: of all four services).

    Bindings too, as services do when they start. Nothing that is there is changed. Reaches the broker as each
    service itself: CDP_<SERVICE>_AMQP_URI, or CDP_AMQP_URI.
    """
    for name in declare_services(services or SERVICE_NAMES):
        click.echo(f"{name}: declared")
