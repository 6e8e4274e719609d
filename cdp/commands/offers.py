"""The commands of `cdp offers`: the catalogue in force, and why a decision was made."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.connection import connected
from cdp.views.offers import catalogue_view
from cdp.views.report import decision_view, print_response
from chassis.config.files import read_text

_file = click.argument(
    "file", required=False, type=click.Path(dir_okay=False, path_type=Path), metavar="[FILE]"
)


@click.group()
def offers() -> None:
    """See and change what the checkout can show, and why it did."""


@offers.command()
@click.argument("decision_id", metavar="ID")
@suite_option
@json_option
def explain(decision_id: str, suite: Path | None, as_json: bool) -> None:
    """Show a decision of the log and why it was made.

    ID is the `decision_id` of the answer. The decision is made again from what was known then, by
    the offers.yaml that was in force then.
    """
    with connected(suite) as client:
        decision = client.call("offers", "explain", decision_id=decision_id)
    segments = decision.get("shopper", {}).get("segments", [])
    print_response(decision, decision_view(decision_id, decision, segments), as_json)


@offers.command()
@_file
@suite_option
@json_option
def check(file: Path | None, suite: Path | None, as_json: bool) -> None:
    """Show what an offers.yaml would change, and its likely slips.

    Without FILE it is the file of the process that answers. Nothing is changed.
    """
    text = None if file is None else read_text(file)
    with connected(suite) as client:
        response = client.call("offers", "check", file=text)
    print_response(response, catalogue_view(response, applied=False), as_json)


@offers.command()
@_file
@suite_option
@json_option
def apply(file: Path | None, suite: Path | None, as_json: bool) -> None:
    """Put an offers.yaml in force as it stands.

    Without FILE it is the file of the process that answers. Every process decides by it within a
    second or two. Offers that the file does not mention end.
    """
    text = None if file is None else read_text(file)
    with connected(suite) as client:
        response = client.call("offers", "apply", file=text)
    print_response(response, catalogue_view(response, applied=True), as_json)


@offers.command()
@suite_option
def export(suite: Path | None) -> None:
    """Print the offers.yaml in force."""
    with connected(suite) as client:
        click.echo(client.call("offers", "export")["file"], nl=False)
