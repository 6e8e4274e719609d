"""The commands of `cdp conflicts`."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import suite_option
from cdp.connection import connected
from cdp.views.report import conflicts_table, console


@click.group()
def conflicts() -> None:
    """Inspect events whose id was sent before with other content.

    None of them was recorded. Whoever sends them has to give each event an id of its own.
    """


@conflicts.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@suite_option
def list_(limit: int, suite: Path | None) -> None:
    """List the newest of them, and the fields that differ."""
    with connected(suite) as client:
        events = client.call("profiles", "conflicts", limit=limit)
    if events:
        console().print(conflicts_table(events))
    else:
        click.echo("Every id stands for one event.")
