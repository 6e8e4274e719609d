"""`cdp migrate`."""

from __future__ import annotations

import click

from cdp.commands.arguments import services_argument
from cdp.running import migrate_services
from contracts.topology import SERVICE_NAMES


@click.command()
@services_argument
def migrate(services: tuple[str, ...]) -> None:
    """Bring the tables of services up to date (default: all four).

    Connects with CDP_<SERVICE>_OWNER_DATABASE_URI, the role that owns the tables, if it is set, and
    then grants the user of CDP_<SERVICE>_DATABASE_URI what the service needs. Otherwise it connects
    with CDP_<SERVICE>_DATABASE_URI.
    """
    for name in migrate_services(services or SERVICE_NAMES):
        click.echo(f"{name}: up to date")
