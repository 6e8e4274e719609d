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
NOT_REVEALED = "not shown; see it with --reveal"
LONGEST_SHOWN = 1_000  # characters of one text
_LONGEST_LINE = 4_000
_KEY_DIGITS = 8
# Characters that count as printable, of which nothing is to be seen.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


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
        table.add_row(segment, *members, Text(harmless(rules.get(segment, "")), style="dim"))
    return table


def decision_view(
    title: str, decision: Mapping[str, Any], segments: Iterable[str], *, in_full: bool = False
) -> Group:
    """A decision: who the shopper is, what each slot shows, and why.

    In full it has the offers that are not shown as well, each with its reasons.
    """
    profile = decision["profile_id"] or "unknown shopper"
    names = ", ".join(segments) or "no segment"
    parts: list[RenderableType] = [
        Text(one_line(title), style="bold"),
        Text(one_line(f"  {profile}, assurance {decision['assurance']}, {names}"), style="dim"),
    ]
    for key in ("degraded", "reasons"):
        codes = [code for code in decision[key] if not code.startswith("fallback:")]
        if codes:
            parts.append(Text(f"  {key}: {one_line(', '.join(codes))}", style="yellow"))
    if decision["stale"]:
        parts.append(Text("  stale: not all events of `at_least` had arrived", style="yellow"))
    parts.append(Padding(_slots(decision), (0, 0, 0, 2)))
    fallbacks = [name for name, blocks in decision["slots"].items() if _is_fallback(blocks)]
    if fallbacks:
        parts.append(Text(f"  fallback: {one_line(', '.join(fallbacks))}\n", style="dim"))
    if in_full:
        parts.append(Padding(_passed_over(decision), (0, 0, 0, 2)))
    return Group(*parts)


def without_traits(profile: Mapping[str, Any]) -> dict[str, Any]:
    """A profile with the names of its traits, but not with what they say."""
    return {**profile, "traits": dict.fromkeys(profile["traits"], NOT_REVEALED)}


def profile_view(profile: Mapping[str, Any], segments: Sequence[Mapping[str, Any]]) -> Table:
    """A profile as a table; identifiers by type alone, as the read model has only their keys."""
    orders, loyalty = profile["orders"], profile["loyalty"]
    table = table_with("profile", profile["profile_id"])
    if profile.get("requested") not in (None, profile["profile_id"]):
        table.add_row("requested as", profile["requested"])
    known_by = _counted(i["type"] for i in profile["identifiers"])
    table.add_row("known by", known_by or "no account's name and no device")
    for each in profile["identifiers"]:
        if "value" in each:
            value = "(no longer kept)" if each["value"] is None else one_line(each["value"])
            table.add_row(each["type"], value)
    for each in profile.get("addresses", ()):
        value = "(no longer kept)" if each["value"] is None else one_line(each["value"])
        proven = "proven" if each["proven"] else "typed"
        table.add_row(f"told {each['type']}", f"{value}, {proven}, last {when(each['last_at'])}")
    table.add_row("seen", f"{when(profile['first_seen_at'])} to {when(profile['last_seen_at'])}")
    table.add_row("events", f"{profile['events']:,}")
    table.add_row("orders", f"{orders['count']:,}, with {orders['items']:,} items")
    if orders["count"]:
        table.add_row("", f"{when(orders['first_at'])} to {when(orders['last_at'])}")
    if orders["revenue"]:  # without an order, too: what went back for none lowers it
        table.add_row("revenue", ", ".join(show_money(a, c) for c, a in orders["revenue"].items()))
    if orders["count"]:
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


def conflicts_table(conflicts: Sequence[Mapping[str, Any]]) -> Table:
    """Events whose id stands for another one."""
    table = table_with("event", "first", "last", "times", "differing")
    for each in conflicts:
        table.add_row(
            each["event_id"],
            when(each["first_at"]),
            when(each["last_at"]),
            f"{each['times']:,}",
            ", ".join(each["differing"]),
        )
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


def harmless(text: object, most: int = LONGEST_SHOWN) -> str:
    """Text of shoppers and shops for a terminal: control characters, but for line ends, escaped.

    So are characters that turn the direction of text or that nobody sees; what is over `most`
    characters long is cut.
    """
    whole = str(text)
    cut = f"… ({len(whole):,} characters)" if len(whole) > most else ""
    visible = (each if _is_visible(each) else _escaped(each) for each in whole[:most])
    return "".join(visible) + cut


def one_line(text: object, most: int = LONGEST_SHOWN) -> str:
    """The same in one line, so that no text passes for a line of ours."""
    return harmless(text, most).replace("\n", "\\n")


def joined(lines: Iterable[str]) -> str:
    """Lines of text, each of them harmless and one line."""
    return "\n".join(one_line(line, _LONGEST_LINE) for line in lines)


def short_key(key: str) -> str:
    """A key as it is printed where there is little room; commands take it like this."""
    kind, _, digest = key.partition(":")
    return key if len(digest) <= _KEY_DIGITS else f"{kind}:{digest[:_KEY_DIGITS]}…"


def console(*, stderr: bool = False) -> Console:
    """Where commands print; colours only in a terminal."""
    return Console(stderr=stderr, highlight=False)


def print_json(response: object) -> None:
    """A response as JSON on standard output; what is no visible character is written `\\uXXXX`."""
    text = json.dumps(response, indent=2, ensure_ascii=False)
    if not text.isascii():
        text = "".join(each if _is_visible(each) else json.dumps(each)[1:-1] for each in text)
    sys.stdout.write(f"{text}\n")


def print_response(response: object, view: RenderableType, as_json: bool) -> None:
    """A response as JSON, or its view; text is not wrapped, so that it can be copied."""
    if as_json:
        print_json(response)
    elif isinstance(view, str):
        click.echo(view)
    else:
        console().print(view, crop=False)


def how_it_stands(file: str) -> str:
    """How a file stands to those applied, as `check` says it, so that "The file …" goes before."""
    return f"is {file}" if file in ("in force", "new") else file


def _slots(decision: Mapping[str, Any]) -> Table:
    table = table_with("slot", "shows", "because")
    for name, blocks in decision["slots"].items():
        for block in [] if _is_fallback(blocks) else blocks:
            content = block["content"]
            shows = Text(harmless(content.get("title", "")), style="green")
            offer = one_line(f"{block['offer_id']} v{block['offer_version']}")
            shows.append(f"\n{offer}", style="dim")
            table.add_row(name, shows, "\n".join(_why(decision, name, block["offer_id"])))
    return table


def _passed_over(decision: Mapping[str, Any]) -> Table:
    table = table_with("slot", "does not show", "because")
    for name, considered in decision.get("trace", {}).items():
        chosen = {block["offer_id"] for block in decision["slots"].get(name, ())}
        for offer in considered:
            if offer["offer_id"] not in chosen:
                eligible = ["eligible; others came first"] if offer.get("eligible") else []
                label = one_line(f"{offer['offer_id']} v{offer['offer_version']}")
                table.add_row(name, label, "\n".join(map(one_line, [*offer["why"], *eligible])))
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


def _is_visible(character: str) -> bool:
    return (character.isprintable() and character not in _BLANK) or character == "\n"


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode()


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
        title = Text(harmless(heading)) if isinstance(heading, str) else heading
        table.add_column(title, overflow="fold")
    return table
