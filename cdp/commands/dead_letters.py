"""The commands of `cdp dead-letters`."""

from __future__ import annotations

import click

from cdp.commands.arguments import demo_option, service_argument, services_argument
from cdp.connection import connected
from cdp.views.report import console, dead_letters_table, facts_table
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
@demo_option
def list_(services: tuple[str, ...], redriven: bool, limit: int, demo: bool) -> None:
    """List the newest dead letters of services (default: all four)."""
    with connected(demo) as client:
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
@demo_option
def show(service: str, letter: str, demo: bool) -> None:
    """Show a dead letter, and why it could not be applied."""
    with connected(demo) as client:
        console().print(facts_table(client.call(service, "dead_letter", id=letter)))


@dead_letters.command()
@service_argument
@letter_argument
@demo_option
def redrive(service: str, letter: str, demo: bool) -> None:
    """Try the halted stream of a dead letter again.

    Fix what halted the stream first; it then continues from where it halted.
    """
    with connected(demo) as client:
        response = client.call(service, "redrive", id=letter)
    if streams := response["streams"]:
        click.echo(f"{service} continues {', '.join(streams)} from where it halted.")
    else:
        click.echo("The dead letter is an unreadable message, which halted no stream.")
