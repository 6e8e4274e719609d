"""What the commands of `cdp segments` print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.segment_use import unused_warning
from cdp.views.report import harmless, how_it_stands, joined, one_line, table_with, when

_CHANGES = {
    "added": "is new",
    "changed": "has another rule: a new version",
    "described": "has other words",
    "unchanged": "is as it was",
    "missing": "is not in the file, and stays",
}


def segments_table(segments: Iterable[Mapping[str, Any]]) -> Table:
    """All segments with their sizes."""
    table = table_with("segment", "members", "version", "status", "description")
    for column in table.columns[1:3]:
        column.justify = "right"
    for each in segments:
        table.add_row(
            each["segment"],
            f"{each['members']:,}",
            str(each["version"]),
            _status(each),
            each["description"],
        )
    return table


def status_table(segments: Iterable[Mapping[str, Any]]) -> Table:
    """How far each definition has come; the message of a rule that cannot be read."""
    table = table_with("segment", "version", "status", "evaluated")
    for each in segments:
        evaluated = f"{each['done']:,} of {each['total']:,}" if "done" in each else "all"
        if each["status"] == "unreadable":
            evaluated = each.get("message", "")
        table.add_row(each["segment"], str(each["version"]), _status_word(each), evaluated)
    return table


def status_view(segments: Sequence[Mapping[str, Any]], use: Mapping[str, Any]) -> RenderableType:
    """The same with what looks wrong, and what to do; `use` has what offers do not ask for."""
    unused = [unused_warning(use["unused"])] if use["unused"] else []
    used = [Text(harmless(each), style="yellow") for each in unused]
    return Group(status_table(segments), *_warnings(segments), *used)


def segment_view(segment: Mapping[str, Any]) -> RenderableType:
    """One segment: its rule, what it means, its size, and likely slips."""
    table = table_with("segment", segment["segment"])
    table.add_row("description", segment["description"])
    table.add_row("rule", segment["rule"])
    table.add_row("meaning", segment["meaning"])
    table.add_row("version", str(segment["version"]))
    table.add_row("members", f"{segment['members']:,}")
    table.add_row("status", _status(segment))
    return Group(table, *_warnings([segment]))


def explanation_view(response: Mapping[str, Any]) -> RenderableType:
    """Why a shopper is in a segment or is not, a row for each comparison of its rule."""
    is_in = f"in it since {when(response['since'])}" if response["member"] else "not in it"
    table = table_with("holds", "condition (value now)", "changes by itself")
    for each in response["conditions"]:
        changes = when(each["changes_at"]) if each["changes_at"] else "no"
        table.add_row("yes" if each["holds"] else "no", each["condition"], changes)
    turn = response["changes_at"]
    ahead = (
        f"Without an event that stays so until {when(turn)} at least."
        if turn
        else ("Without an event that stays so.")
    )
    head = f"{response['segment']}, version {response['version']}: {response['description']}"
    why: list[RenderableType] = [table, Text(ahead)] if response["conditions"] else []
    return Group(
        Text(one_line(head), style="bold"),
        Text(one_line(f"profile {response['profile_id']} is {is_in}")),
        *why,
        *(Text(harmless(line), style="yellow") for line in standstill_lines(response)),
    )


def preview_view(response: Mapping[str, Any]) -> RenderableType:
    """Who would be a member by a rule."""
    members, evaluated, total = (response[name] for name in ("members", "evaluated", "profiles"))
    share = f", {100 * members / evaluated:.1f} %" if evaluated else ""
    lines = [
        Text(harmless(f"It means: {response['meaning']}")),
        Text(f"{members:,} of {evaluated:,} shoppers would be members{share}."),
    ]
    if not response["complete"]:
        lines.append(Text(f"There are {total:,}; the others were not looked at in time."))
    lines += [Text(one_line(f"  {profile_id}")) for profile_id in response["sample"]]
    slips = [Text(harmless(warning), style="yellow") for warning in response["warnings"]]
    return Group(*lines, *slips)


def backtest_view(response: Mapping[str, Any]) -> RenderableType:
    """Who would have been a member by a rule, step by step."""
    table = table_with("at", "members", "entries", "exits")
    for column in table.columns[1:]:
        column.justify = "right"
    for each in response["steps"]:
        counts = (f"{each[name]:,}" for name in ("members", "entries", "exits"))
        table.add_row(when(each["at"]), *counts)
    evaluated, profiles = response["evaluated"], response["profiles"]
    how = f"Exact, for all {profiles:,} shoppers"
    if response["method"] == "evaluator":
        how = f"From the events of a sample, {evaluated:,} of {profiles:,} shoppers"
    slips = [Text(harmless(warning), style="yellow") for warning in response["warnings"]]
    meaning = Text(harmless(f"It means: {response['meaning']}"))
    return Group(meaning, table, Text(f"{how}."), *slips)


def file_view(
    response: Mapping[str, Any], *, applied: bool, use: Mapping[str, Any] | None = None
) -> RenderableType:
    """What a file changes, or has changed, segment by segment, and which ones offers ask for."""
    table = table_with("segment", "what the file has changed" if applied else "what would change")
    for each in response["segments"]:
        table.add_row(each["segment"], _CHANGES[each["change"]])
    stands = "is in force" if applied else how_it_stands(response["file"])
    line = f"The file {response['sha256'][:12]} {stands}."
    used = [Text(harmless(each), style="yellow") for each in _use(use or {})]
    settings = [Text(one_line(each)) for each in _settings(response, applied=applied)]
    return Group(table, *_warnings(response["segments"]), *used, *settings, Text(harmless(line)))


def deleted_line(response: Mapping[str, Any]) -> str:
    """What a deletion leads to."""
    members = response["members"]
    return one_line(f"{response['segment']} is deleted; {members:,} members are leaving it.")


def members_lines(page: Mapping[str, Any], *, as_json: bool) -> Iterator[str]:
    """A page of members, a line each."""
    for each in page["members"]:
        if as_json:
            yield json.dumps(each)
        else:
            yield joined(
                [f"{each['profile_id']}  {when(each['since'])}  version {each['version']}"]
            )


def _settings(response: Mapping[str, Any], *, applied: bool) -> Iterator[str]:
    for each in response.get("settings", ()):
        verb = "goes" if applied else "would go"
        yield f"{each['setting']} {verb} from {each['before']} to {each['after']}."


def _use(use: Mapping[str, Any]) -> Iterator[str]:
    if use.get("unused"):
        yield unused_warning(use["unused"])
    for segment, offers in use.get("undefined", {}).items():
        yield (
            f"{segment} is not defined, and asked for by the offers {', '.join(offers)}: define it,"
            " or change these offers."
        )


def _status(segment: Mapping[str, Any]) -> str:
    if segment["status"] == "backfilling" and "done" in segment:
        return f"backfilling, {segment['done']:,} of {segment['total']:,}"
    return _status_word(segment)


def _status_word(segment: Mapping[str, Any]) -> str:
    """The status; of an unreadable rule since when, and by which release."""
    standstill = segment.get("unreadable")
    return str(segment["status"]) if standstill is None else _unreadable(standstill)


def _unreadable(standstill: Mapping[str, Any]) -> str:
    since = "" if standstill["since"] is None else f" since {when(standstill['since'])}"
    return f"unreadable{since}, by {standstill['by']}"


def standstill_lines(response: Mapping[str, Any]) -> Iterator[str]:
    """What is said of a segment whose rule a release cannot read: it is as it was before."""
    if (standstill := response.get("unreadable")) is not None:
        yield one_line(
            f"{response['segment']} is {_unreadable(standstill)}, and nobody enters or leaves:"
            f" {standstill['message']}"
        )


def backfilling_lines(page: Mapping[str, Any]) -> Iterator[str]:
    """That the members are not all of them yet, and how far it is."""
    if (progress := page.get("backfilling")) is not None:
        done, total = f"{progress['done']:,}", f"{progress['total']:,}"
        yield one_line(
            f"{page['segment']} is backfilling: {done} of {total} shoppers have been evaluated by"
            f" its present rule, so these are not all members. See cdp segments status"
            f" {page['segment']}"
        )


def used_lines(segment: str, offers: Sequence[str]) -> Iterator[str]:
    """Which offers ask for a segment that ends, or gets another name."""
    if offers:
        yield one_line(
            f"The offers {', '.join(offers)} ask for {segment}: change offers.yaml, too."
        )


def _warnings(segments: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [
        Text(harmless(f"{each['segment']}: {warning}"), style="yellow")
        for each in segments
        for warning in each["warnings"]
    ]
