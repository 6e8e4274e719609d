"""The commands of `cdp unrecordable`."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import suite_option
from cdp.connection import connected
from cdp.views.report import console, unrecordable_table


@click.group()
def unrecordable() -> None:
    """Inspect and retry events that could not be recorded.

    They were accepted, waited for identity, and failed where others could be recorded. Their bodies
    are kept, sealed.
    """


@unrecordable.command("list")
@click.option("--limit", type=click.IntRange(1, 1000), default=100, show_default=True)
@suite_option
def list_(limit: int, suite: Path | None) -> None:
    """List the newest of them, and why each could not be recorded."""
    with connected(suite) as client:
        events = client.call("profiles", "unrecordable", limit=limit)
    if events:
        console().print(unrecordable_table(events))
    else:
        click.echo("Every event could be recorded.")


@unrecordable.command()
@click.argument("event_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Retry all of them.")
@suite_option
def retry(event_ids: tuple[str, ...], every: bool, suite: Path | None) -> None:
    """Let events wait again, to be recorded in their turn. Fix the cause first."""
    if bool(event_ids) == every:
        raise click.UsageError("Name the events, or give --all.")
    with connected(suite) as client:
        response = client.call("profiles", "retry_unrecordable", event_ids=list(event_ids))
    click.echo(f"{response['events']:,} events wait again.")


@unrecordable.command("set-aside")
@click.argument("event_ids", metavar="ID...", nargs=-1, required=True)
@suite_option
def set_aside(event_ids: tuple[str, ...], suite: Path | None) -> None:
    """Take waiting events out of the queue.

    They are no longer tried by themselves, and delay no other.

    Their bodies are kept: `retry` lets them wait again.
    """
    with connected(suite) as client:
        response = client.call("profiles", "set_aside_deferred", event_ids=list(event_ids))
    click.echo(f"{response['events']:,} events were set aside.")
