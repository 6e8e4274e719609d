"""The commands of `cdp dead-letters`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from cdp.commands.arguments import service_argument, services_argument, suite_option
from cdp.connection import connected
from cdp.loading.progress import plural
from cdp.views.report import console, dead_letters_table, facts_table, one_line
from chassis.runtime.client import Client
from contracts.topology import SERVICE_NAMES

letter_argument = click.argument("letter", metavar="ID")


@click.group("dead-letters")
def dead_letters() -> None:
    """Inspect and redrive events that could not be applied.

    Each dead letter halts its own stream; all others continue.
    """


@dead_letters.command("list")
@services_argument
@click.option("--all", "redriven", is_flag=True, help="Include those that were redriven.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@suite_option
def list_(services: tuple[str, ...], redriven: bool, limit: int, suite: Path | None) -> None:
    """List the newest dead letters of services (default: all four)."""
    with connected(suite) as client:
        letters = [
            (name, letter)
            for name in services or SERVICE_NAMES
            for letter in client.call(name, "dead_letters", limit=limit, redriven=redriven)
        ]
    if letters:
        console().print(dead_letters_table(letters))
    else:
        click.echo("There are no dead letters.")


@dead_letters.command()
@service_argument
@letter_argument
@suite_option
def show(service: str, letter: str, suite: Path | None) -> None:
    """Show a dead letter, and why it could not be applied."""
    with connected(suite) as client:
        console().print(facts_table(client.call(service, "dead_letter", id=letter)))


@dead_letters.command()
@click.argument("service", type=click.Choice(SERVICE_NAMES), metavar="[SERVICE]", required=False)
@click.argument("letter", metavar="[ID]", required=False)
@click.option("--all", "every", is_flag=True, help="Redrive all of the service, or of every one.")
@click.option("--source", type=click.Choice(SERVICE_NAMES), help="With --all: of this source only.")
@click.option("--type", "type_", metavar="TYPE", help="With --all: of this type of event only.")
@click.option("--reason", metavar="TEXT", help="Why; it is kept in the letter. --all needs it.")
@suite_option
def redrive(
    service: str | None,
    letter: str | None,
    every: bool,
    source: str | None,
    type_: str | None,
    reason: str | None,
    suite: Path | None,
) -> None:
    """Try what a dead letter halted again, or what all of them did.

    Fix what halted the streams first; they then continue from where they halted. A stream whose
    event still cannot be applied halts again within seconds, with a new dead letter: list them
    afterwards.
    """
    if every == (letter is not None):
        raise click.UsageError("give either the SERVICE and ID of one dead letter, or --all")
    if reason is not None and not reason.strip():
        raise click.UsageError("--reason must say why")
    if service is not None and letter is not None:
        if source or type_:
            raise click.UsageError("--source and --type go with --all")
        _redrive_one(service, letter, reason, suite)
        return
    if reason is None:
        raise click.UsageError("--all needs --reason TEXT, which is kept in the letters")
    arguments = {"reason": reason, "source": source, "type": type_}
    with connected(suite) as client:
        for name in [service] if service else SERVICE_NAMES:
            click.echo(_redrive_all(client, name, arguments))


def _redrive_one(service: str, letter: str, reason: str | None, suite: Path | None) -> None:
    arguments = {"id": letter} if reason is None else {"id": letter, "reason": reason}
    with connected(suite) as client:
        response = client.call(service, "redrive", **arguments)
    if streams := response["streams"]:
        click.echo(f"{service} continues {one_line(', '.join(streams))} from where it halted.")
    else:
        click.echo("It is closed: an unreadable message, which had halted no stream.")


def _redrive_all(client: Client, service: str, arguments: Mapping[str, Any]) -> str:
    """Redrive page by page; what became of it, in words."""
    letters = streams = 0
    page: dict[str, Any] = {}
    while not page or page["remaining"]:
        place = {"after": page["last"], "until": page["until"]} if page else {}
        page = client.call(service, "redrive_all", **arguments, **place)
        letters += page["letters"]
        streams += page["streams"]
        if page["remaining"]:
            total = letters + page["remaining"]
            click.echo(f"{service}: {letters:,} of {total:,} dead letters", err=True)
    if not letters:
        return f"{service} has no such dead letters."
    return (
        f"{service} continues {plural(streams, 'stream')};"
        f" {plural(letters, 'dead letter')} redriven. What halts again:"
        f" `cdp dead-letters list {service}`."
    )
