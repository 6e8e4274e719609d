"""The commands of `cdp identity`: who is who, how a profile came about, and how to repair it."""

from __future__ import annotations

import getpass
import os
from pathlib import Path
from typing import Any

import click

from cdp.commands.arguments import (
    json_option,
    read_identifiers,
    suite_option,
    who_argument,
)
from cdp.connection import connected
from cdp.finding import find_profile_id, read_shopper, whole_keys
from cdp.views.identity import description_view, history_view, redraw_view, repair_view, review_view
from cdp.views.report import print_response
from chassis.config.keys import rotate
from chassis.core.errors import InvalidInput

KINDS = ("merge_refused", "at_a_limit", "shared_device")

reason_option = click.option("--reason", required=True, help="Why; it is kept in the log.")
yes_option = click.option("--yes", is_flag=True, help="Do it instead of showing what would change.")


@click.group()
def identity() -> None:
    """See who is who and why, and repair it."""


@identity.command()
@who_argument
@suite_option
@json_option
def show(who: tuple[str, ...], suite: Path | None, as_json: bool) -> None:
    """Show the streams and identifiers of a profile.

    WHO is identifiers such as user_id=omar, the id of a profile, of a stream or of an event, or the
    key of an identifier.
    """
    shopper = read_shopper(who)
    with connected(suite) as client:
        profile_id = find_profile_id(client, shopper)
        response = client.call("identity", "describe", profile_id=profile_id)
    print_response(response, description_view(response), as_json)


@identity.command()
@who_argument
@suite_option
@json_option
def explain(who: tuple[str, ...], suite: Path | None, as_json: bool) -> None:
    """Explain how a profile came about.

    WHO is identifiers such as user_id=omar, the id of a profile, of a stream or of an event, or the
    key of an identifier.
    """
    shopper = read_shopper(who)
    with connected(suite) as client:
        profile_id = find_profile_id(client, shopper)
        response = client.call("identity", "explain", profile_id=profile_id)
    print_response(response, history_view(response), as_json)


@identity.command()
@click.argument("profile")
@click.argument("identifiers", nargs=-1, required=True)
@reason_option
@yes_option
@suite_option
@json_option
def split(
    profile: str,
    identifiers: tuple[str, ...],
    reason: str,
    yes: bool,
    suite: Path | None,
    as_json: bool,
) -> None:
    """Split identifiers off a profile.

    PROFILE is an identifier such as user_id=omar, the id of a profile, of a stream or of an event,
    or a key. IDENTIFIERS are values such as device_id=tablet-4, or keys as `show` prints them, or
    the beginnings that `explain` prints. They stay apart until `cdp identity merge`. Without --yes,
    only show what would change.
    """
    shopper = read_shopper((profile,))
    given = read_identifiers(identifiers)
    with connected(suite) as client:
        profile_id = find_profile_id(client, shopper)
        response = client.call(
            "identity",
            "split",
            profile_id=profile_id,
            identifiers=whole_keys(client, profile_id, given) if isinstance(given, list) else given,
            reason=reason,
            dry_run=not yes,
        )
    print_response(response, repair_view(response), as_json)


@identity.command()
@click.argument("a")
@click.argument("b")
@reason_option
@yes_option
@suite_option
@json_option
def merge(a: str, b: str, reason: str, yes: bool, suite: Path | None, as_json: bool) -> None:
    """Merge two profiles.

    A and B are each an identifier such as user_id=omar, the id of a profile, of a stream or of an
    event, or a key. Two accounts are never merged. Without --yes, only show what would change.
    """
    shoppers = [read_shopper((word,)) for word in (a, b)]
    with connected(suite) as client:
        one, other = (find_profile_id(client, shopper) for shopper in shoppers)
        response = client.call("identity", "merge", a=one, b=other, reason=reason, dry_run=not yes)
    print_response(response, repair_view(response), as_json)


@identity.command()
@click.option("--dry-run", is_flag=True, help="Only list what would change.")
@suite_option
@json_option
def redraw(dry_run: bool, suite: Path | None, as_json: bool) -> None:
    """Part what claims alone have joined.

    Releases up to 0.1 made one profile of guests who typed one address, and gave an account the
    guests who had typed its address. This parts them, profile by profile; `merge` joins again two
    that you know to be one. It may be stopped and run again.
    """
    changed: list[dict[str, Any]] = []
    checked, after = 0, ""
    with connected(suite) as client:
        while True:
            step = client.call("identity", "redraw", after=after, dry_run=dry_run)
            checked += step["checked"]
            changed += step["profiles"]
            if step["after"] is None:
                break
            after = step["after"]
            click.echo(f"{checked:,} profiles checked, {len(changed):,} to part", err=True)
    response = {"dry_run": dry_run, "checked": checked, "profiles": changed}
    print_response(response, redraw_view(response), as_json)


@identity.command()
@click.option("--kind", type=click.Choice(KINDS), help="Only entries of this kind.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--done", metavar="ID", help="Take this entry off the list first.")
@click.option("--by", metavar="NAME", help="Who does; by default whose login this is.")
@click.option("--all", "every", is_flag=True, help="List those that are done, too.")
@suite_option
@json_option
def review(
    kind: str | None,
    limit: int,
    done: str | None,
    by: str | None,
    every: bool,
    suite: Path | None,
    as_json: bool,
) -> None:
    """List what a person should review.

    Refused merges, profiles at a limit, and devices shared by many accounts. An entry that is done
    is open again once the same is seen again.
    """
    if by is not None and done is None:
        raise click.UsageError("--by goes with --done")
    with connected(suite) as client:
        entries = client.call(
            "identity",
            "review",
            kind=kind,
            limit=limit,
            done=done,
            done_by=(by or _login()) if done else None,
            include_done=every,
        )
    print_response(entries, review_view(entries), as_json)


@identity.command("rotate-key")
def rotate_key() -> None:
    """Wrap the identifier key with a new master key.

    Reads CDP_IDENTIFIER_KEY, plain or wrapped with CDP_MASTER_KEY, and CDP_NEW_MASTER_KEY. Prints
    the new CDP_IDENTIFIER_KEY; set it for every service together with the new CDP_MASTER_KEY. The
    key itself and all hashes stay the same.
    """
    keys = {name: os.environ.get(name, "") for name in ("CDP_IDENTIFIER_KEY", "CDP_NEW_MASTER_KEY")}
    for name, text in keys.items():
        if not text:
            raise InvalidInput(name, "is not set")
    master = os.environ.get("CDP_MASTER_KEY")
    click.echo(rotate(keys["CDP_IDENTIFIER_KEY"], master, keys["CDP_NEW_MASTER_KEY"]))


def _login() -> str:
    """Whose login this is; "unknown" in a container that has no user of that number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"
