"""What the commands of `cdp identity` print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import joined, one_line, profile_view, short_key, when

_VERBS = {
    "created": "began",
    "linked": "got more identifiers",
    "merged": "merged",
    "separated": "gave up a part, which is a profile of its own",
    "tenure_opened": "had a tenure begin on a device",
    "verified": "had a claim verified",
    "split": "was split by the support desk",
    "redrawn": "was parted from what claims had joined",
}


def description_view(profile: Mapping[str, Any]) -> str:
    """The identifiers of a profile, each key on a line of its own so that it can be copied."""
    lines = [f"profile {profile['profile_id']}"]
    lines += [f"formerly also {merged}" for merged in profile["merged_profiles"]]
    for stream in profile["streams"]:
        began = "ever" if stream["opened_at"] is None else when(stream["opened_at"])
        ended = "now" if stream["closed_at"] is None else when(stream["closed_at"])
        for identifier in stream["identifiers"]:
            lines.append(identifier["key"])
            lines.append(f"    {identifier['assurance']}, from {began} until {ended}")
            lines.append(f"    stream {stream['stream']}")
    return joined(lines)


def history_view(history: Mapping[str, Any]) -> str:
    """How a profile came about, a paragraph for each fact."""
    lines = [f"profile {history['profile_id']}"]
    for fact in history["happened"]:
        cause = (
            f"“{one_line(fact['note'])}”"
            if fact["note"]
            else f"by event {one_line(fact['event_id'])}"
        )
        verb = _VERBS.get(fact["reason"], fact["reason"])
        lines.append(f"{when(fact['at'])}  it {verb}, {cause}")
        lines += [f"    {line}" for line in _moves(fact["moves"])]
    return joined(lines)


def repair_view(repair: Mapping[str, Any]) -> RenderableType:
    """Profiles before and after a split or a merge."""
    parts: list[RenderableType] = []
    for side, heading in (("before", "Before"), ("after", "After")):
        for part in repair[side]:
            profile_id = one_line(part["profile_id"])
            parts.append(Text.assemble((heading, "bold"), f": profile {profile_id}"))
            parts += [_unbroken(f"  {one_line(i['key'])}") for i in part["identifiers"]]
            if "profile" in part:
                parts.append(_profile_table(part))
    if repair["dry_run"]:
        parts.append(Text("Nothing was changed; use --yes to do it."))
    return Group(*parts)


def redraw_view(redraw: Mapping[str, Any]) -> str:
    """The profiles that a redraw parts, and into which."""
    lines = []
    for profile in redraw["profiles"]:
        (before,) = profile["before"]
        lines.append(f"profile {before['profile_id']}")
        for part in profile["after"]:
            keys = sorted({short_key(each["key"]) for each in part["identifiers"]})
            lines.append(f"    {part['profile_id']}: {', '.join(keys)}")
    number = len(redraw["profiles"])
    counts = f"{redraw['checked']:,} profiles that claims had joined; {number:,} of them"
    if redraw["dry_run"]:
        lines.append(f"{counts} would be parted.")
        if number:
            lines.append("Nothing was changed; leave out --dry-run to do it.")
    else:
        lines.append(f"{counts} were parted.")
    return joined(lines)


def review_view(entries: Iterable[Mapping[str, Any]]) -> str:
    """The review list, each id and key on a line of its own so that it can be copied."""
    lines = [line for entry in entries for line in _review(entry)]
    return joined(lines) if lines else "There is nothing to review."


def _review(entry: Mapping[str, Any]) -> Iterator[str]:
    yield f"{when(entry['last_at'])}  {entry['kind'].replace('_', ' ')}: {entry['reason']}"
    yield f"    id {entry['id']}"
    device = ":" in entry["subject"]
    yield f"    {'device' if device else 'profile'} {entry['subject']}"
    if not device:
        yield f"    about {entry['about']}"
    yield f"    shown last by event {entry['event_id']}, first at {when(entry['first_at'])}"
    if entry.get("done_at"):
        yield f"    done at {when(entry['done_at'])} by {entry['done_by'] or 'nobody named'}"


def _moves(moves: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    for move in moves:
        names = [f"{short_key(i['key'])} ({i['assurance']})" for i in move["identifiers"]]
        name = ", ".join(names) or "an earlier tenure, or an address"
        if move["came_from"] is None:
            yield f"{name} is new"
        elif move["came_from"] == move["profile_id"]:
            yield f"{name} stays in {move['profile_id']}"
        else:
            yield f"{name} went from {move['came_from']} to {move['profile_id']}"


def _profile_table(part: Mapping[str, Any]) -> Table:
    identifiers = part["identifiers"]
    profile = {**part["profile"], "profile_id": part["profile_id"], "identifiers": identifiers}
    table = profile_view(profile, [{"segment": name, "since": None} for name in part["segments"]])
    for offer_id, caps in sorted((part.get("caps") or {}).items()):
        for cap in caps:
            over = ", which is over it" if cap["exceeded"] else ""
            unit = f" {cap['currency']}" if cap["currency"] else ""
            table.add_row(f"cap {offer_id}", f"{cap['used']} of {cap['most']}{unit} used{over}")
    return table


def _unbroken(text: str) -> Text:
    """A line that is never broken, however narrow the terminal."""
    return Text(text, no_wrap=True, overflow="ignore")
