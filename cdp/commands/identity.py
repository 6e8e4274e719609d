"""The commands of `cdp identity`: who is who, how that came to be, and how it is mended."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import click
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.connection import connected
from cdp.views.report import console, profile_view, when
from chassis.config.keys import rotate
from chassis.core.errors import InvalidInput
from chassis.runtime.client import Client

KINDS = ("merge_refused", "at_a_limit", "shared_device")
_SAID = {
    "created": "began",
    "linked": "came to know more",
    "merged": "merged",
    "separated": "gave a part of a guest to an account",
    "tenure_opened": "saw a device change hands",
    "verified": "proved what had been claimed",
    "split": "was split by the support desk",
}

demo_option = click.option(
    "--demo", is_flag=True, help="Ask what the last `cdp demo` left in .demo, without a broker."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print the plain answer.")
reason_option = click.option("--reason", required=True, help="Why; it is kept in the log.")
yes_option = click.option("--yes", is_flag=True, help="Do it, instead of showing what would be.")


@click.group()
def identity() -> None:
    """Say who is who, why, and mend it."""


@identity.command()
@click.argument("who", nargs=-1, required=True, metavar="WHO...")
@demo_option
@json_option
def show(who: tuple[str, ...], demo: bool, as_json: bool) -> None:
    """Show what a profile is made of.

    WHO is a profile id, or identifiers such as user_id=omar.
    """
    with connected(demo) as client:
        told = client.call("identity", "describe", profile_id=_profile(client, who))
    _print(told, description_view(told), as_json)


@identity.command()
@click.argument("who", nargs=-1, required=True, metavar="WHO...")
@demo_option
@json_option
def explain(who: tuple[str, ...], demo: bool, as_json: bool) -> None:
    """Tell how a profile came to be.

    WHO is a profile id, or identifiers such as user_id=omar.
    """
    with connected(demo) as client:
        told = client.call("identity", "explain", profile_id=_profile(client, who))
    _print(told, history_view(told), as_json)


@identity.command()
@click.argument("profile_id")
@click.argument("identifiers", nargs=-1, required=True)
@reason_option
@yes_option
@demo_option
@json_option
def split(
    profile_id: str,
    identifiers: tuple[str, ...],
    reason: str,
    yes: bool,
    demo: bool,
    as_json: bool,
) -> None:
    """Part identifiers from a profile.

    IDENTIFIERS are values such as email=omar@example.com, or keys as `show` prints them. What is
    split stays apart until `cdp identity merge`. Without --yes it shows what would be.
    """
    check_profile_id("PROFILE_ID", profile_id)
    with connected(demo) as client:
        told = client.call(
            "identity",
            "split",
            profile_id=profile_id,
            identifiers=read_identifiers(identifiers),
            reason=reason,
            dry_run=not yes,
        )
    _print(told, repaired_view(told), as_json)


@identity.command()
@click.argument("a")
@click.argument("b")
@reason_option
@yes_option
@demo_option
@json_option
def merge(a: str, b: str, reason: str, yes: bool, demo: bool, as_json: bool) -> None:
    """Make one profile of two.

    A and B are profile ids. Two accounts are never merged. Without --yes it shows what would be.
    """
    for name, given in (("A", a), ("B", b)):
        check_profile_id(name, given)
    with connected(demo) as client:
        told = client.call("identity", "merge", a=a, b=b, reason=reason, dry_run=not yes)
    _print(told, repaired_view(told), as_json)


@identity.command()
@click.option("--kind", type=click.Choice(KINDS), help="Of this kind only.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--done", metavar="ID", help="Take this entry off the list first.")
@demo_option
@json_option
def review(kind: str | None, limit: int, done: str | None, demo: bool, as_json: bool) -> None:
    """List what a person should look at.

    Merges that were refused, profiles at a limit, and devices with many accounts.
    """
    with connected(demo) as client:
        listed = client.call("identity", "review", kind=kind, limit=limit, done=done)
    _print(listed, review_table(listed) if listed else "There is nothing to review.", as_json)


@identity.command("rotate-key")
def rotate_key() -> None:
    """Wrap the identifier key by a new master key.

    Reads CDP_IDENTIFIER_KEY, plain or wrapped by CDP_MASTER_KEY, and CDP_NEW_MASTER_KEY, and prints
    the new CDP_IDENTIFIER_KEY, to be set together with CDP_MASTER_KEY for every service. The key
    within stays the same, and so does every hash.
    """
    given = {
        name: os.environ.get(f"CDP_{name}", "") for name in ("IDENTIFIER_KEY", "NEW_MASTER_KEY")
    }
    for name, text in given.items():
        if not text:
            raise InvalidInput(f"CDP_{name}", "is not set")
    master = os.environ.get("CDP_MASTER_KEY")
    click.echo(rotate(given["IDENTIFIER_KEY"], master, given["NEW_MASTER_KEY"]))


def read_identifiers(words: Sequence[str]) -> dict[str, str] | list[str]:
    """The argument of identity.split: keys as they are, or {type: value} of type=value pairs."""
    if not any("=" in word for word in words):
        return list(words)
    pairs = [word.partition("=") for word in words]
    if not all(kind and value for kind, _, value in pairs):
        message = "IDENTIFIERS are one value of each type, as email=omar@example.com, or keys only"
        raise click.UsageError(message)
    values: dict[str, str] = {}
    for kind, _, value in pairs:
        if kind in values:
            raise click.UsageError(f"{kind} is given twice; give one value of each type")
        values[kind] = value
    return values


def check_profile_id(name: str, given: str) -> None:
    """A wrong call, if what was given for the argument `name` is an identifier."""
    if "=" in given:
        message = f"{name} must be a profile id; `cdp identity show {given}` tells it"
        raise click.UsageError(message)


def description_view(told: Mapping[str, Any]) -> str:
    """A profile's identifiers: each key on a line of its own, to be copied, and what is known."""
    lines = [f"profile {told['profile_id']}"]
    lines += [f"was also {profile}" for profile in told["merged_profiles"]]
    for stream in told["streams"]:
        began = "ever" if stream["opened_at"] is None else when(stream["opened_at"])
        ended = "now" if stream["closed_at"] is None else when(stream["closed_at"])
        for identifier in stream["identifiers"]:
            lines.append(identifier["key"])
            lines.append(f"    {identifier['assurance']}, from {began} until {ended}")
            lines.append(f"    stream {stream['stream']}")
    return "\n".join(lines)


def history_view(told: Mapping[str, Any]) -> str:
    """How a profile came to be, a paragraph for each fact."""
    lines = [f"profile {told['profile_id']}"]
    for fact in told["happened"]:
        because = f"“{fact['note']}”" if fact["note"] else f"by event {fact['event_id']}"
        said = _SAID.get(fact["reason"], fact["reason"])
        lines.append(f"{when(fact['at'])}  it {said}, {because}")
        lines += [f"    {line}" for line in _moves(fact["moves"])]
    return "\n".join(lines)


def repaired_view(told: Mapping[str, Any]) -> RenderableType:
    """Profiles before and after a split or a merge."""
    parts: list[RenderableType] = []
    for side, heading in (("before", "Before"), ("after", "After")):
        for part in told[side]:
            parts.append(f"[bold]{heading}[/]: profile {part['profile_id']}")
            parts += [_whole_line(f"  {i['key']}") for i in part["identifiers"]]
            if "profile" in part:
                parts.append(_whole(part))
    if told["dry_run"]:
        parts.append("Nothing was changed; with --yes it is.")
    return Group(*parts)


def review_table(listed: Iterable[Mapping[str, Any]]) -> Table:
    """The review list."""
    table = _table("id", "what", "profile or device", "about", "why", "last seen")
    for entry in listed:
        kind = entry["kind"].replace("_", " ")
        seen = when(entry["last_at"])
        table.add_row(entry["id"], kind, entry["subject"], entry["about"], entry["reason"], seen)
    return table


def _profile(client: Client, who: Sequence[str]) -> str:
    if len(who) == 1 and "=" not in who[0]:
        return who[0]
    found = client.call("profiles", "get", identifiers=read_identifiers(who))
    return str(found["profile_id"])


def _moves(moves: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for move in moves:
        names = [
            f"{i['key'][: len(i['type']) + 9]}… ({i['assurance']})" for i in move["identifiers"]
        ]
        name = ", ".join(names) or "what a device was before"
        if move["came_from"] is None:
            yield f"{name} is new"
        elif move["came_from"] == move["profile_id"]:
            yield f"{name} stays in {move['profile_id']}"
        else:
            yield f"{name} went from {move['came_from']} to {move['profile_id']}"


def _whole(part: Mapping[str, Any]) -> Table:
    identifiers = part["identifiers"]
    known = {**part["profile"], "profile_id": part["profile_id"], "identifiers": identifiers}
    return profile_view(known, [{"segment": name, "since": None} for name in part["segments"]])


def _print(told: object, shown: RenderableType, as_json: bool) -> None:
    if as_json:
        json.dump(told, sys.stdout, indent=2, ensure_ascii=False)
        sys.stdout.write("\n")
    elif isinstance(shown, str):
        click.echo(shown)
    else:
        console().print(shown, crop=False)


def _whole_line(text: str) -> Text:
    """A line that is never broken, however narrow the terminal."""
    return Text(text, no_wrap=True, overflow="ignore")


def _table(*headings: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
