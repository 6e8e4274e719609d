"""What commands print: tables and sentences for people, made from the responses of services."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click
from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rules.language.units import show_money

COUNTS = ("events", "profiles", "orders")


@dataclass(frozen=True, slots=True)
class Figures:
    """The numbers of a suite: events, profiles, orders, and members by segment."""

    counts: Mapping[str, int]
    members: Mapping[str, int]


def figures_table(columns: Mapping[str, Figures], rules: Mapping[str, str]) -> Table:
    """The figures side by side, one column each; segments have their rules beside them."""
    table = table_with("", *columns, "meaning")
    for column in table.columns[1:-1]:
        column.justify = "right"
    for count in COUNTS:
        table.add_row(count, *(f"{each.counts[count]:,}" for each in columns.values()))
    table.add_section()
    for segment in sorted({name for each in columns.values() for name in each.members}):
        members = (f"{each.members.get(segment, 0):,}" for each in columns.values())
        table.add_row(segment, *members, Text(rules.get(segment, ""), style="dim"))
    return table


def decision_view(title: str, decision: Mapping[str, Any], segments: Iterable[str]) -> Group:
    """A decision: who the shopper is, what each slot shows, and why."""
    profile = decision["profile_id"] or "unknown shopper"
    names = ", ".join(segments) or "no segment"
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(f"  {profile}, assurance {decision['assurance']}, {names}", style="dim"),
    ]
    for key in ("degraded", "reasons"):
        codes = [code for code in decision[key] if not code.startswith("fallback:")]
        if codes:
            parts.append(Text(f"  {key}: {', '.join(codes)}", style="yellow"))
    if decision["stale"]:
        parts.append(Text("  stale: not all events of `at_least` had arrived", style="yellow"))
    parts.append(Padding(_slots(decision), (0, 0, 0, 2)))
    fallbacks = [name for name, blocks in decision["slots"].items() if _is_fallback(blocks)]
    if fallbacks:
        parts.append(Text(f"  fallback: {', '.join(fallbacks)}\n", style="dim"))
    return Group(*parts)


def profile_view(profile: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> Table:
    """A profile as a table; identifiers by type alone, as the read model has only their keys."""
    orders, loyalty = profile["orders"], profile["loyalty"]
    table = table_with("profile", Text(profile["profile_id"]))
    if profile.get("requested") not in (None, profile["profile_id"]):
        table.add_row("requested as", profile["requested"])
    table.add_row("known by", _counted(i["type"] for i in profile["identifiers"]))
    table.add_row("seen", f"{when(profile['first_seen_at'])} to {when(profile['last_seen_at'])}")
    table.add_row("events", f"{profile['events']:,}")
    table.add_row("orders", f"{orders['count']:,} of {orders['items']:,} items")
    if orders["count"]:
        table.add_row("", f"{when(orders['first_at'])} to {when(orders['last_at'])}")
        table.add_row("revenue", ", ".join(show_money(a, c) for c, a in orders["revenue"].items()))
        table.add_row("categories", _named(orders["categories"]))
    if loyalty["enrolled"]:
        table.add_row("loyalty", f"{loyalty['tier'] or 'enrolled'}, {loyalty['points']:,} points")
    for name, value in profile["traits"].items():
        table.add_row(f"trait {name}", str(value))
    for purpose, granted in profile["consent"].items():
        table.add_row(f"consent {purpose}", "granted" if granted else "refused")
    table.add_row(
        "segments",
        "\n".join(
            f"{s['segment']} since {when(s['since'])}" if s["since"] else s["segment"]
            for s in segments
        ),
    )
    return table


def dead_letters_table(letters: Sequence[tuple[str, Mapping[str, Any]]]) -> Table:
    """Dead letters, each with its service."""
    table = table_with("service", "id", "from", "type", "died", "reason")
    table.columns[1].no_wrap = True  # to be copied
    for service, letter in letters:
        died = when(letter["died_at"])
        if letter["redriven_at"]:
            why = letter.get("redrive_reason")
            died += f" (redriven: {harmless(why)})" if why else " (redriven)"
        table.add_row(
            service, letter["id"], letter["source"], letter["type"] or "", died, letter["reason"]
        )
    return table


def unrecordable_table(events: Sequence[Mapping[str, Any]]) -> Table:
    """Events that could not be recorded."""
    table = table_with("event", "received", "reason")
    for event in events:
        table.add_row(event["event_id"], when(event["received_at"]), event["reason"])
    return table


def facts_table(facts: Mapping[str, Any]) -> Table:
    """Names and values, one to a line."""
    table = table_with()
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), "" if value is None else str(value))
    return table


def when(instant: str | None) -> str:
    """An RFC 3339 instant in UTC, to the second, as people read it."""
    return "never" if instant is None else f"{instant[:10]} {instant[11:19]}"


def harmless(text: object) -> str:
    """Text of shoppers and shops for a terminal: control characters, but for line ends, escaped."""
    return "".join(
        each if each.isprintable() or each == "\n" else each.encode("unicode_escape").decode()
        for each in str(text)
    )


def console(*, stderr: bool = False) -> Console:
    """Where commands print; colours only in a terminal."""
    return Console(stderr=stderr, highlight=False)


def print_json(response: object) -> None:
    """A response as JSON on standard output."""
    json.dump(response, sys.stdout, indent=2, ensure_ascii=False)
    sys.stdout.write("\n")


def print_response(response: object, view: RenderableType, as_json: bool) -> None:
    """A response as JSON, or its view; text is not wrapped, so that it can be copied."""
    if as_json:
        print_json(response)
    elif isinstance(view, str):
        click.echo(view)
    else:
        console().print(view, crop=False)


def _slots(decision: Mapping[str, Any]) -> Table:
    table = table_with("slot", "shows", "because")
    for name, blocks in decision["slots"].items():
        for block in [] if _is_fallback(blocks) else blocks:
            content = block["content"]
            shows = Text(content.get("title", ""), style="green")
            shows.append(f"\n{block['offer_id']} v{block['offer_version']}", style="dim")
            table.add_row(name, shows, "\n".join(_why(decision, name, block["offer_id"])))
    return table


def _why(decision: Mapping[str, Any], slot: str, offer_id: str) -> list[str]:
    considered = decision.get("trace", {}).get(slot, [])
    return [line for offer in considered if offer["offer_id"] == offer_id for line in offer["why"]]


def _is_fallback(blocks: Sequence[Mapping[str, Any]]) -> bool:
    return all(block["offer_id"] is None for block in blocks)


def _counted(names: Iterable[str]) -> str:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return ", ".join(name if count == 1 else f"{count} × {name}" for name, count in counts.items())


def _named(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items())


class _PlainTable(Table):
    """A table whose texts are shown as they are: no markup, no control characters."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """A row; text is made harmless, and what is made for rich already is left as it is."""
        plain = (Text(harmless(each)) if isinstance(each, str) else each for each in cells)
        super().add_row(*plain, **options)


def table_with(*headings: Any) -> Table:
    """A table with these headings, or without any; long cells are folded."""
    table = _PlainTable(box=box.SIMPLE_HEAD, pad_edge=False, show_header=bool(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
