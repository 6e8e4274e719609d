"""The commands of `cdp profile`."""

from __future__ import annotations

from pathlib import Path

import click

from cdp.commands.arguments import json_option, read_address, suite_option, who_argument
from cdp.connection import connected
from cdp.finding import find_profile_id, find_shopper, read_shopper
from cdp.views.address import address_view
from cdp.views.orders import order_review_view
from cdp.views.report import print_response, profile_view, without_traits
from cdp.views.timeline import timeline_view
from contracts.timeline import MAX_ENTRIES

_WAIT_MS = 2_000  # for segments to have applied what profiles has

reveal_option = click.option(
    "--reveal", is_flag=True, help="Show plain values too; that you did is logged."
)


@click.group()
def profile() -> None:
    """Look at profiles."""


@profile.command()
@who_argument
@reveal_option
@suite_option
@json_option
def show(who: tuple[str, ...], reveal: bool, suite: Path | None, as_json: bool) -> None:
    """Show orders, loyalty, consent and segments of a shopper.

    Also by how many identifiers of which types the shopper is known, and the names of traits; the
    values of both with --reveal alone, as traits may say anything about a person. WHO is
    identifiers such as user_id=omar or device_id=7f3a, or the id of a profile, of a stream or of
    an event, or the key of an identifier.
    """
    shopper = read_shopper(who)
    with connected(suite) as client:
        found = find_shopper(client, shopper)
        is_id = found["found_as"] in ("profile", "stream")
        requested = found["stream_id"] if is_id else found["profile_id"]
        response = client.call("profiles", "get", profile_id=requested, reveal=reveal)
        memberships = client.call(
            "segments",
            "memberships",
            profile_id=response["profile_id"],
            at_least=response["versions"],
            wait_ms=_WAIT_MS,
        )
    segments = memberships["segments"]
    if not reveal:
        response = without_traits(response)
    print_response({**response, "segments": segments}, profile_view(response, segments), as_json)


@profile.command()
@who_argument
@click.option("--limit", type=click.IntRange(1, MAX_ENTRIES), default=30, show_default=True)
@click.option("--before", metavar="CURSOR", help="Go on where the page before ended.")
@click.option(
    "--type",
    "types",
    multiple=True,
    metavar="TYPE",
    help="Only events of this type; may be given several times.",
)
@reveal_option
@suite_option
@json_option
def events(
    who: tuple[str, ...],
    limit: int,
    before: str | None,
    types: tuple[str, ...],
    reveal: bool,
    suite: Path | None,
    as_json: bool,
) -> None:
    """Show what happened to a shopper.

    The newest comes first, with what identity made of it. The orders as they stand follow
    the first page. WHO is as for `show`.
    """
    shopper = read_shopper(who)
    with connected(suite) as client:
        response = client.call(
            "profiles",
            "timeline",
            profile_id=find_profile_id(client, shopper),
            before=before,
            limit=limit,
            types=list(types) or None,
            reveal=reveal,
        )
    options = [f"--type {each}" for each in types] + ["--reveal"] * reveal
    again = " ".join(["cdp profile events", response["profile_id"], *options])
    print_response(response, timeline_view(response, again), as_json)


@profile.command()
@click.argument("address", metavar="ADDRESS")
@suite_option
@json_option
def address(address: str, suite: Path | None, as_json: bool) -> None:
    """Show what is known of an address.

    ADDRESS is email=omar@example.com or phone=+49301234567, or the key of an address as any command
    prints it. An address alone leads to no shopper, as anybody can type it: this shows where it was
    told, which account has proven it, how many orders the two have, what was consented to and
    refused.
    """
    request = read_address(address)
    with connected(suite) as client:
        response = client.call("profiles", "address", **request)
    print_response(response, address_view(response), as_json)


@profile.command()
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--done", metavar="ID", help="Take this entry off the list first.")
@suite_option
@json_option
def review(limit: int, done: str | None, suite: Path | None, as_json: bool) -> None:
    """List orders that somebody should look at.

    The id of an order stands for another one too: another account has told it, or a guest with
    another address and another total. Or a refund that came before its order is in another
    currency and does not count. An entry that is done is open again once the same is seen again.
    """
    with connected(suite) as client:
        entries = client.call("profiles", "review", limit=limit, done=done)
    print_response(entries, order_review_view(entries), as_json)
