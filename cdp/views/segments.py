"""What the commands of `cdp segments` print."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import harmless, joined, one_line, table_with, when

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
        table.add_row(each["segment"], str(each["version"]), each["status"], evaluated)
    return table


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


def file_view(response: Mapping[str, Any], *, applied: bool) -> RenderableType:
    """What a file changes, or has changed, segment by segment."""
    table = table_with("segment", "what the file has changed" if applied else "what would change")
    for each in response["segments"]:
        table.add_row(each["segment"], _CHANGES[each["change"]])
    sha256 = response["sha256"][:12]
    line = (
        f"The file {sha256} is in force." if applied else f"The file {sha256} {_stands(response)}."
    )
    return Group(table, *_warnings(response["segments"]), Text(harmless(line)))


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


def _stands(response: Mapping[str, Any]) -> str:
    file = str(response["file"])
    return f"is {file}" if file in ("in force", "new") else file


def _status(segment: Mapping[str, Any]) -> str:
    if segment["status"] == "backfilling" and "done" in segment:
        return f"backfilling, {segment['done']:,} of {segment['total']:,}"
    return str(segment["status"])


def _warnings(segments: Sequence[Mapping[str, Any]]) -> list[Text]:
    return [
        Text(harmless(f"{each['segment']}: {warning}"), style="yellow")
        for each in segments
        for warning in each["warnings"]
    ]
