"""The commands of `cdp profile`."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import json_option, read_who, suite_option, who_argument
from cdp.connection import connected
from cdp.views.report import console, print_json, profile_view

_WAIT_MS = 2_000  # for segments to have applied what profiles has


@click.group()
def profile() -> None:
    """Look at profiles."""


@profile.command()
@who_argument
@suite_option
@json_option
def show(who: tuple[str, ...], suite: Path | None, as_json: bool) -> None:
    """Show what is known about a shopper.

    WHO is a profile id, or identifiers such as user_id=omar or email=omar@example.com.
    """
    arguments = read_who(who)
    with connected(suite) as client:
        response = client.call("profiles", "get", **arguments)
        memberships = client.call(
            "segments",
            "memberships",
            profile_id=response["profile_id"],
            at_least=response["versions"],
            wait_ms=_WAIT_MS,
        )
    if as_json:
        print_json({**response, "segments": memberships["segments"]})
    else:
        console().print(profile_view(response, memberships["segments"]))
