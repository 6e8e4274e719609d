"""How the terminal shows what an offers.yaml changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.views.report import harmless, how_it_stands, one_line, table_with

_ASIDE = {
    "stored": "were made by a release that did not log their inputs: they keep their trace.",
    "other_evaluator": "were made by another release, from the same inputs, with other blocks.",
    "unplaced": "are of a placement that the file does not have.",
    "unlogged": "cannot be tried: the file asks for what no offer of the placement asked for then.",
    "unreadable": "were made by a catalogue that the process that answers cannot read.",
}

_SLOT_CHANGES = {"changed": "another fallback block, number of blocks or ranking"}


def catalogue_view(response: Mapping[str, Any], *, applied: bool) -> RenderableType:
    """What a file changes, or has changed: offers, slots, the loyalty programme; and its slips."""
    table = table_with(
        "offer or slot", "what the file has changed" if applied else "what would change"
    )
    for each in response["offers"]:
        if each["change"] != "unchanged":
            table.add_row(each["offer_id"], each["change"])
    for each in response["slots"]:
        table.add_row(each["slot"], _SLOT_CHANGES.get(each["change"], each["change"]))
    for each in response["experiments"]:
        table.add_row(f"the experiment or holdout {each['experiment']}", each["change"])
    if response["programme_changes"]:
        table.add_row("the loyalty programme", "changed")
    if response["delivery_changes"]:
        table.add_row("what makes delivery free", "changed")
    unchanged = sum(each["change"] == "unchanged" for each in response["offers"])
    if unchanged:
        table.add_row("the other offers", f"unchanged ({unchanged})")
    warnings = [Text(one_line(each), style="yellow") for each in _warnings(response)]
    return Group(table, *warnings, Text(harmless(_stands(response, applied=applied))))


def replay_view(response: Mapping[str, Any], *, simulated: bool) -> RenderableType:
    """How many decisions show the same, and how often a slot shows another block."""
    lines = [f"{response['decisions']:,} decisions, of which {response['same']:,} show the same."]
    lines += [f"{response[name]:,} {why}" for name, why in _ASIDE.items() if response[name]]
    changes = Counter((each["slot"], each["before"], each["after"]) for each in response["changes"])
    parts: list[RenderableType] = [Text(line) for line in lines]
    if changes:
        table = table_with(
            "slot", "showed", "would show" if simulated else "shows now", "decisions"
        )
        for (slot, before, after), number in changes.most_common():
            table.add_row(slot, before or "fallback", after or "fallback", f"{number:,}")
        parts.append(table)
    return Group(*parts)


def coupon_view(pools: Sequence[Mapping[str, Any]], added: int | None = None) -> RenderableType:
    """What is left of pools of coupon codes; and how many were just added."""
    table = table_with("pool", "free", "taken")
    for each in pools:
        table.add_row(each["pool"], f"{each['free']:,}", f"{each['taken']:,}")
    parts: list[RenderableType] = [table] if pools else [Text("There is no pool of coupons.")]
    if added is not None:
        parts.append(Text(f"{added:,} codes added."))
    return Group(*parts)


def _warnings(response: Mapping[str, Any]) -> Iterator[str]:
    for each in (*response["offers"], *response["experiments"]):
        yield from each["warnings"]
    yield from response.get("warnings", ())  # an earlier release says none


def _stands(response: Mapping[str, Any], *, applied: bool) -> str:
    if applied:
        return f"The file {response['fingerprint']} is in force."
    file = response["file"]
    if file == "new":
        return f"The file {response['fingerprint']} is new: `cdp offers apply` puts it in force."
    return f"The file {response['fingerprint']} {how_it_stands(file)}."
