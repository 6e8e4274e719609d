"""`cdp migrate`."""

from __future__ import annotations

import os

import click

from cdp.running import migrate_services
from contracts.topology import ALL_NAMES, EDGE_NAMES, SERVICE_NAMES


@click.command()
@click.argument("services", nargs=-1, type=click.Choice(ALL_NAMES), metavar="[SERVICE]...")
def migrate(services: tuple[str, ...]) -> None:
    """Bring the tables of services up to date (default: all).

    Connects with CDP_<SERVICE>_OWNER_DATABASE_URI, the role that owns the tables, if it is set, and
    then grants the user of CDP_<SERVICE>_DATABASE_URI what the service needs. Otherwise it connects
    with CDP_<SERVICE>_DATABASE_URI. By default the gateway is left out where it has no database.
    """
    for name in migrate_services(services or _all_there_are()):
        click.echo(f"{name}: up to date")


def _all_there_are() -> list[str]:
    """The services, and those of the edge that this installation has."""
    edges = [each for each in EDGE_NAMES if os.environ.get(f"CDP_{each.upper()}_DATABASE_URI")]
    return [*SERVICE_NAMES, *edges]
