"""The commands of `cdp segments`: what the segments are, who is in them, and changing them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click

from cdp.commands.arguments import json_option, suite_option
from cdp.connection import connected
from cdp.finding import find_profile_id, read_shopper
from cdp.segment_use import (
    segments_of_offers,
    use_by_offers,
    with_use,
    with_warnings,
)
from cdp.views.report import print_response
from cdp.views.segments import (
    backfilling_lines,
    backtest_view,
    deleted_line,
    explanation_view,
    file_view,
    members_lines,
    preview_view,
    segment_view,
    segments_table,
    standstill_lines,
    status_view,
    used_lines,
)
from cdp.views.stability import stability_view
from chassis.config.files import read_text
from contracts.stability import MAX_WEEKS

_MOST = 1_000
_APPLY_SECONDS = 30.0
_BACKTEST_SECONDS = 30.0
_WATCH_SECONDS = 30.0
_NAME = re.compile(r"[a-z][a-z0-9_]*")

segment_argument = click.argument("segment", metavar="SEGMENT")
file_argument = click.argument(
    "file", required=False, type=click.Path(dir_okay=False, path_type=Path), metavar="[FILE]"
)


@click.group()
def segments() -> None:
    """See the segments and who is in them, and change them."""


@segments.command("list")
@suite_option
@json_option
def list_(suite: Path | None, as_json: bool) -> None:
    """List the segments, with their rules and sizes."""
    with connected(suite) as client:
        response = client.call("segments", "list")
    print_response(response, segments_table(response), as_json)


@segments.command()
@click.argument("segment", required=False, metavar="[SEGMENT]")
@click.option("--weeks", default=12, show_default=True, type=click.IntRange(1, MAX_WEEKS))
@click.option(
    "--png",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Draw the weeks, too; needs the extra `charts` (matplotlib).",
)
@suite_option
@json_option
def stability(
    segment: str | None, weeks: int, png: Path | None, suite: Path | None, as_json: bool
) -> None:
    """Show how segments move from week to week.

    Their size, who came and who left, the median stay, and the population stability index (PSI). Of
    one SEGMENT every week is shown.
    """
    from cdp.views.stability_picture import (  # noqa: PLC0415 - matplotlib is slow to import
        draw_stability,
        open_stability_figure,
    )

    figure = None if png is None else open_stability_figure()  # what is missing is said first
    asked = {"weeks": weeks} | ({} if segment is None else {"segment": segment})
    with connected(suite, _WATCH_SECONDS) as client:
        response = client.call("segments", "stability", **asked)
    if png is not None:
        draw_stability(response, figure, png)
    print_response(response, stability_view(response, single=segment is not None), as_json)
    if png is not None:
        click.echo(f"Drawn in {png}.", err=True)


@segments.command()
@segment_argument
@suite_option
@json_option
def describe(segment: str, suite: Path | None, as_json: bool) -> None:
    """Show one segment: its rule, in the rule language and in English."""
    with connected(suite) as client:
        response = client.call("segments", "describe", segment=segment)
    print_response(response, segment_view(response), as_json)


@segments.command()
@click.argument("segment", required=False, metavar="[SEGMENT]")
@suite_option
@json_option
def status(segment: str | None, suite: Path | None, as_json: bool) -> None:
    """Show how far each definition is, and what looks wrong."""
    asked = segments_of_offers(None)
    with connected(suite, _WATCH_SECONDS) as client:
        if segment is None:
            response = client.call("segments", "list")
        else:
            response = [client.call("segments", "describe", segment=segment)]
        found = client.call("segments", "warnings")
    response = with_warnings(response, found)
    use = use_by_offers({"segments": response}, asked)
    print_response(with_use(response, use), status_view(response, use), as_json)


@segments.command()
@click.argument("profile", metavar="PROFILE")
@segment_argument
@suite_option
@json_option
def explain(profile: str, segment: str, suite: Path | None, as_json: bool) -> None:
    """Explain why a shopper is in a segment, or is not.

    Each comparison of the rule, its values now, and when it changes by itself. PROFILE is an
    identifier such as user_id=omar, or the id of a profile, of a stream or of an event.
    """
    shopper = read_shopper((profile,))
    with connected(suite) as client:
        profile_id = find_profile_id(client, shopper)
        response = client.call("segments", "explain", profile_id=profile_id, segment=segment)
    print_response(response, explanation_view(response), as_json)


@segments.command()
@click.argument("rule", metavar="RULE")
@suite_option
@json_option
def preview(rule: str, suite: Path | None, as_json: bool) -> None:
    """Show who would be a member by a rule, before it is defined.

    RULE is in the rule language: docs/reference/rules.md. Nothing is changed. A rule about single
    events is asked of everybody at once; others are evaluated for three seconds, and the command
    says so if it could not look at everybody.
    """
    with connected(suite) as client:
        response = client.call("segments", "preview", rule=rule)
    print_response(response, preview_view(response), as_json)


@segments.command()
@click.argument("rule", metavar="RULE|SEGMENT")
@click.option("--since", default="30d", show_default=True, help="How far back, such as 90d.")
@click.option("--step", default="1d", show_default=True, help="How far apart, such as 7d.")
@suite_option
@json_option
def backtest(rule: str, since: str, step: str, suite: Path | None, as_json: bool) -> None:
    """Show the past of a segment, as if its rule had been in force.

    RULE is in the rule language, SEGMENT a name. Nothing is changed.
    """
    asked = {"segment" if _NAME.fullmatch(rule) else "rule": rule, "since": since, "step": step}
    steps: list[Any] = []
    with connected(suite, _BACKTEST_SECONDS) as client:
        page = client.call("segments", "backtest", **asked)
        steps += page["steps"]
        while page["next"] is not None:
            click.echo(f"up to {steps[-1]['at'][:16]} …", err=True)
            asked |= {"until": page["until"], "first": page["next"]}
            page = client.call("segments", "backtest", **asked)
            steps += page["steps"]
    response = {**page, "steps": steps}
    print_response(response, backtest_view(response), as_json)


@segments.command()
@file_argument
@click.option(
    "--offers",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The offers.yaml to compare with; by default that in CDP_CONFIG_DIR, or the shipped one.",
)
@suite_option
@json_option
def check(file: Path | None, offers: Path | None, suite: Path | None, as_json: bool) -> None:
    """Show what a segments.yaml would change, and its likely slips.

    Without FILE it is the file of the process that answers. Nothing is changed. Segments that no
    offer asks for, and segments that an offer asks for in vain, are named; so are those whose
    members look wrong, if the file leaves their rules as they are.
    """
    text = None if file is None else read_text(file)
    asked = segments_of_offers(offers)
    with connected(suite, _WATCH_SECONDS) as client:
        response = client.call("segments", "check", file=text)
        found = client.call("segments", "warnings")
    response = {**response, "segments": with_warnings(response["segments"], found)}
    use = use_by_offers(response, asked)
    print_response({**response, **use}, file_view(response, applied=False, use=use), as_json)


@segments.command()
@file_argument
@suite_option
@json_option
def apply(file: Path | None, suite: Path | None, as_json: bool) -> None:
    """Put a segments.yaml in force as it stands.

    Without FILE it is the file of the process that answers. A changed rule becomes a new version,
    by which every shopper is evaluated; other words change nothing else. Segments that the file
    does not mention stay: end them by `cdp segments delete`. A file without `sensitive` or
    `drift_threshold` sets these back, to no traits and 0.1, and that is said.
    """
    text = None if file is None else read_text(file)
    with connected(suite, _APPLY_SECONDS) as client:
        response = client.call("segments", "apply", file=text)
    print_response(response, file_view(response, applied=True), as_json)


@segments.command()
@segment_argument
@click.option("--rule", required=True, help="The rule: docs/reference/rules.md.")
@click.option("--description", required=True, help="What the segment is for, in a sentence.")
@suite_option
@json_option
def define(segment: str, rule: str, description: str, suite: Path | None, as_json: bool) -> None:
    """Define a segment, or give it another rule or other words.

    A later segments.yaml leaves it alone until the file itself changes that segment.
    """
    definition = {"segment": segment, "rule": rule, "description": description}
    with connected(suite) as client:
        response = client.call("segments", "define", definition=definition)
    print_response(response, segment_view(response), as_json)


@segments.command()
@segment_argument
@click.argument("name", metavar="NAME")
@suite_option
@json_option
def rename(segment: str, name: str, suite: Path | None, as_json: bool) -> None:
    """Give a segment another name.

    Its members leave it and enter the one of the new name; both events name the other segment.
    Change the name in segments.yaml and offers.yaml, too.
    """
    with connected(suite) as client:
        response = client.call("segments", "rename", segment=segment, name=name)
    for line in used_lines(segment, segments_of_offers(None).get(segment, [])):
        click.echo(line, err=True)
    print_response(response, segment_view(response), as_json)


@segments.command()
@segment_argument
@click.option("--yes", is_flag=True, help="Do it instead of asking.")
@suite_option
@json_option
def delete(segment: str, yes: bool, suite: Path | None, as_json: bool) -> None:
    """End a segment: its members leave it.

    It stays so until a segments.yaml that changes it, or `cdp segments apply`, defines it again.
    Offers that ask for it, by the offers.yaml in CDP_CONFIG_DIR or the shipped one, are named. A
    segment that the rule of another one asks for is not deleted.
    """
    offers = segments_of_offers(None).get(segment, [])
    with connected(suite) as client:
        members = client.call("segments", "describe", segment=segment)["members"]
        for line in used_lines(segment, offers):
            click.echo(line, err=True)
        if not yes:
            click.confirm(f"{segment} has {members:,} members. End it?", abort=True, err=True)
        response = client.call("segments", "delete", segment=segment)
    print_response(response, deleted_line(response), as_json)


@segments.command()
@suite_option
def export(suite: Path | None) -> None:
    """Print the segments in force as a segments.yaml."""
    with connected(suite) as client:
        click.echo(client.call("segments", "export")["file"], nl=False)


@segments.command()
@segment_argument
@click.option("--limit", type=click.IntRange(1), help="At most so many; all without it.")
@click.option("--after", metavar="PROFILE", help="Go on after this profile id.")
@suite_option
@json_option
def members(
    segment: str, limit: int | None, after: str | None, suite: Path | None, as_json: bool
) -> None:
    """Print who is in a segment.

    A line for each member, sorted by profile id: since when, and by which version of the
    definition. With --json each line is an object. If a release cannot read the rule, or not all
    shoppers have been evaluated by it yet, that is said on the standard error.
    """
    left, unreadable = limit, None
    with connected(suite) as client:
        while left is None or left > 0:
            most = _MOST if left is None else min(left, _MOST)
            page = client.call("segments", "members", segment=segment, after=after, limit=most)
            if page.get("unreadable") != unreadable:
                unreadable = page.get("unreadable")
                for line in standstill_lines(page):
                    click.echo(line, err=True)
            for line in backfilling_lines(page):
                click.echo(line, err=True)
            for line in members_lines(page, as_json=as_json):
                click.echo(line)
            left = None if left is None else left - len(page["members"])
            after = page["next"]
            if after is None:
                return
