"""What `cdp load --check` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.text import Text

from cdp.loading.check import EventFigures, LoadCheck
from cdp.loading.progress import plural
from cdp.views.report import one_line, table_with, when
from chassis.core.instants import format_instant
from rules.language.units import show_money

_REASONS_SHOWN = 10
_LINES_SHOWN = 3
_DATA_SHOWN = 60


def load_check_view(check: LoadCheck) -> RenderableType:
    """What would come of the rows: in words, and as tables."""
    parts: list[RenderableType] = [Text(_summary(check), style="bold")]
    if check.kinds:
        table = table_with("event", "events", "from", "to", "money")
        table.columns[1].justify = "right"
        for name, kind in sorted(check.kinds.items()):
            table.add_row(name, f"{kind.events:,}", *_times(kind), _money(kind.money))
        parts.append(table)
    if check.identifiers or check.ignored:
        parts.append(_identifiers(check))
    if check.first:
        table = table_with("the first", "time", "who", "what")
        for event in check.first:
            what = ", ".join(f"{name} {_shown(value)}" for name, value in event.data.items())
            who = ", ".join(f"{name} {value}" for name, value in event.identifiers.items())
            at = when(format_instant(event.time))
            table.add_row(event.type, at, who, what)
        parts.append(table)
    parts += [Text(one_line(note)) for note in check.notes]
    parts += [
        Text(f"Rejected: {one_line(line)}", style="red") for line in _by_reason(check.rejected)
    ]
    parts += [
        Text(f"Recorded with a warning: {one_line(line)}", style="yellow")
        for line in _by_reason(check.mended)
    ]
    parts += [
        Text(f"Look at this: {one_line(warning)}", style="yellow") for warning in check.warnings
    ]
    parts.append(Text("Nothing was recorded.", style="dim"))
    return Group(*parts)


def _summary(check: LoadCheck) -> str:
    rejected = len(check.rejected_records)
    text = f"{plural(check.rows, 'row')} would become {plural(check.events, 'event')}"
    if check.gathered:
        text += f" ({plural(check.gathered, 'group')} of several rows)"
    if check.left_out:
        text += f"; the mapping leaves out {plural(check.left_out, 'row')}"
    return f"{text}; {rejected:,} rejected."


def _times(kind: EventFigures) -> tuple[str, str]:
    instants = (kind.earliest, kind.latest)
    earliest, latest = ("" if at is None else when(format_instant(at)) for at in instants)
    return earliest, latest


def _money(money: Mapping[str, int]) -> str:
    return ", ".join(show_money(amount, currency) for currency, amount in sorted(money.items()))


def _identifiers(check: LoadCheck) -> RenderableType:
    table = table_with("identifier", "events", "distinct", "ignored")
    for column in table.columns[1:3]:
        column.justify = "right"
    for name in sorted({*check.identifiers, *(name for name, _ in check.ignored)}):
        reasons = [
            f"{count:,} × {reason}"
            for (of, reason), count in check.ignored.most_common()
            if of == name
        ]
        distinct = len(check.shoppers.get(name, ()))
        table.add_row(name, f"{check.identifiers[name]:,}", f"{distinct:,}", "; ".join(reasons))
    return table


def _by_reason(rejected: Mapping[str, list[str]]) -> Iterator[str]:
    by_count = sorted(rejected.items(), key=lambda item: -len(item[1]))
    for reason, lines in by_count[:_REASONS_SHOWN]:
        printed = ", ".join(lines[:_LINES_SHOWN])
        more = f" and {len(lines) - _LINES_SHOWN:,} more" if len(lines) > _LINES_SHOWN else ""
        yield f"{printed}{more}: {reason}"
    if len(by_count) > _REASONS_SHOWN:
        yield f"{plural(len(by_count) - _REASONS_SHOWN, 'other reason')}"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return plural(len(value), "line")
    text = " ".join(str(value).split())
    return text if len(text) <= _DATA_SHOWN else f"{text[:_DATA_SHOWN]}…"
