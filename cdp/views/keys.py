"""How the terminal shows the gateway's sources and keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.views.report import one_line, table_with
from chassis.core.instants import format_instant

_LONGEST_VALUE = 60


def sources_view(sources: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The sources with what is set of them."""
    if not sources:
        return Text("There is no source; `cdp keys source ID` makes one.")
    table = table_with("source", "name", "store", "origins", "settings", "notes")
    for each in sources:
        notes = ["test"] if each["is_test"] else []
        notes += ["emails verified"] if each["emails_verified"] else []
        table.add_row(
            each["source_id"],
            one_line(each["name"]),
            one_line(each["store"] or ""),
            one_line(" ".join(each["allowed_origins"])),
            one_line(", ".join(_setting(*item) for item in sorted(each["settings"].items()))),
            ", ".join(notes),
        )
    return table


def keys_view(keys: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Keys by their beginnings, and until when they open something (UTC)."""
    if not keys:
        return Text("There is no key; `cdp keys create SOURCE` makes one.")
    table = table_with("source", "kind", "begins with", "created", "last used", "ends")
    for each in keys:
        table.add_row(
            each["source_id"],
            each["kind"],
            each["prefix"],
            *(_instant(each[name]) for name in ("created_at", "last_used_at", "ends_at")),
        )
    return table


def new_key_view(key: Mapping[str, Any]) -> RenderableType:
    """A key that was just made, which is shown this once."""
    return Group(
        Text(key["key"], style="bold green"),
        Text(f"A {key['kind']} key of {key['source_id']}. Keep it now: it cannot be shown again."),
    )


def _setting(name: str, value: Any) -> str:
    """A setting with its value, where that is short: a mapping is a file."""
    is_short = isinstance(value, str) and len(value) <= _LONGEST_VALUE and "\n" not in value
    return f"{name}={value}" if is_short else name


def _instant(at: int | None) -> str:
    return "" if at is None else format_instant(at)[:16].replace("T", " ")
