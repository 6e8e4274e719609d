"""The commands of `cdp offers`: the catalogue in force, and why a decision was made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.connection import connected
from cdp.views.offers import catalogue_view, coupon_view, replay_view
from cdp.views.report import decision_view, print_response
from chassis import InvalidInput
from chassis.config.files import read_text
from contracts.coupons import MAX_CODES

_REPLAY_SECONDS = 30.0
_OF_TABLE = re.compile(r"[,;\"'\s]")
_HEADINGS = frozenset({"code", "coupon", "voucher", "coupon_code", "discount_code", "gutschein"})

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
    view = decision_view(decision_id, decision, segments, in_full=True)
    print_response(decision, view, as_json)


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


_since = click.option("--since", default="7d", show_default=True, help="How far back, such as 30d.")


@offers.command()
@_since
@suite_option
@json_option
def replay(since: str, suite: Path | None, as_json: bool) -> None:
    """Decide the decisions of the log again, and compare.

    Each is decided from what was logged of it, by the offers.yaml that was in force then. A
    difference is a fault of ours, and the exit status is 1 then.
    """
    response = _replayed(suite, since=since)
    print_response(response, replay_view(response, simulated=False), as_json)
    if response["changes"]:
        raise SystemExit(1)


@offers.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@_since
@suite_option
@json_option
def simulate(file: Path, since: str, suite: Path | None, as_json: bool) -> None:
    """Show what an offers.yaml would have changed.

    The decisions of the log are decided again by FILE. Nothing is changed.
    """
    response = _replayed(suite, since=since, file=read_text(file))
    print_response(response, replay_view(response, simulated=True), as_json)


def _replayed(suite: Path | None, **asked: Any) -> dict[str, Any]:
    """All pages of a replay as one."""
    total: dict[str, Any] = {}
    with connected(suite, _REPLAY_SECONDS) as client:
        while True:
            page = client.call("offers", "replay", **asked)
            for name, value in page.items():
                if name != "next":
                    total[name] = total[name] + value if name in total else value
            if page["next"] is None:
                return total
            click.echo(f"{total['decisions']:,} decisions …", err=True)
            asked["after"] = page["next"]


@offers.command()
@suite_option
def export(suite: Path | None) -> None:
    """Print the offers.yaml in force."""
    with connected(suite) as client:
        click.echo(client.call("offers", "export")["file"], nl=False)


@offers.group()
def coupons() -> None:
    """Load coupon codes into pools, and see what is left of them."""


@coupons.command("load")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--pool", required=True, help="The pool, as offers name it in `coupons`.")
@suite_option
@json_option
def load_coupons(file: Path, pool: str, suite: Path | None, as_json: bool) -> None:
    """Load the codes of FILE into a pool: a code a line.

    A code that the pool has is left alone, so a load that was cut off can be run again.
    """
    codes = read_codes(file)
    added, response = 0, {}
    with connected(suite, _REPLAY_SECONDS) as client:
        for place in range(0, len(codes), MAX_CODES):
            batch = codes[place : place + MAX_CODES]
            response = client.call("offers", "load_coupons", pool=pool, codes=batch)
            added += response["added"]
    response = {**response, "added": added}
    print_response(response, coupon_view([response], added), as_json)


def read_codes(file: Path) -> list[str]:
    """The coupon codes in a file, each once; InvalidInput for one that is a table, or has none."""
    lines = [line.strip() for line in read_text(file).splitlines()]
    for number, line in enumerate(lines, start=1):
        if _OF_TABLE.search(line):
            fix = "write one code a line, without quotes and other columns"
            raise InvalidInput(str(file), f"line {number}: is more than a code; {fix}")
    codes = list(dict.fromkeys(filter(None, lines)))
    if not codes:
        raise InvalidInput(str(file), "has no code; write one a line")
    if codes[0].lower().rstrip("s") in _HEADINGS:
        raise InvalidInput(str(file), f"begins with `{codes[0]}`, a heading and no code; remove it")
    return codes


@coupons.command("list")
@suite_option
@json_option
def list_coupons(suite: Path | None, as_json: bool) -> None:
    """Show the pools, and how many codes are left of each."""
    with connected(suite) as client:
        response = client.call("offers", "coupons")
    print_response(response, coupon_view(response["pools"]), as_json)
