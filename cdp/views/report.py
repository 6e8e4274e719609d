"""What commands print: tables and sentences for people, made from the services' plain answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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
    """The figures side by side: one column each, the segments with their rules."""
    table = _table("", *columns, "who that is")
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
    """A decision: who it took the shopper for, what each slot shows, and why."""
    known = decision["profile_id"] or "nobody that we know"
    groups = ", ".join(segments) or "no segment"
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(f"  {known}, assurance {decision['assurance']}, {groups}", style="dim"),
    ]
    for key in ("degraded", "reasons"):
        said = [code for code in decision[key] if not code.startswith("fallback:")]
        if said:
            parts.append(Text(f"  {key}: {', '.join(said)}", style="yellow"))
    if decision["stale"]:
        parts.append(Text("  stale: not all that was asked for had arrived", style="yellow"))
    parts.append(Padding(_slots(decision), (0, 0, 0, 2)))
    plain = [name for name, blocks in decision["slots"].items() if _is_fallback(blocks)]
    if plain:
        parts.append(Text(f"  as for everybody: {', '.join(plain)}\n", style="dim"))
    return Group(*parts)


def profile_view(profile: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> Table:
    """A profile as a table of facts; identifiers are shown by type, as only keys are kept."""
    orders, loyalty = profile["orders"], profile["loyalty"]
    table = _table("profile", Text(profile["profile_id"]))
    if profile.get("requested") not in (None, profile["profile_id"]):
        table.add_row("asked for as", profile["requested"])
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
    """Dead letters, each with the service that keeps it."""
    table = _table("service", "id", "from", "type", "died", "reason")
    for service, letter in letters:
        died = when(letter["died_at"]) + (" (redriven)" if letter["redriven_at"] else "")
        table.add_row(
            service, letter["id"], letter["source"], letter["type"] or "", died, letter["reason"]
        )
    return table


def facts_table(facts: Mapping[str, Any]) -> Table:
    """Names and values, one a line."""
    table = _table()
    table.add_column()
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), "" if value is None else str(value))
    return table


def when(instant: str | None) -> str:
    """An RFC 3339 instant in UTC, to the second, as people write it."""
    return "never" if instant is None else f"{instant[:10]} {instant[11:19]}"


def console(*, stderr: bool = False) -> Console:
    """Where commands print; colours only in a terminal."""
    return Console(stderr=stderr, highlight=False)


def _slots(decision: Mapping[str, Any]) -> Table:
    table = _table("slot", "shows", "because")
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


def _table(*headings: Any) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=bool(headings))
    for heading in headings:
        table.add_column(heading, overflow="fold")
    return table
