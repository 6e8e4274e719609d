"""What `cdp segments stability` prints."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import table_with, when

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_NONE = "-"


def stability_view(response: Mapping[str, Any], *, single: bool) -> RenderableType:
    """A row for each segment, with its present week; of a `single` one a row for each week."""
    threshold = response["threshold"]
    table = _weeks(response, threshold) if single else _segments(response, threshold)
    seen = f"{response['population']:,} shoppers, as of {when(response['as_of'])}."
    index = f"PSI: stability index against the week before; over {threshold:g} (!) it drifts."
    return Group(table, Text(seen), Text(index))


def show_stay(stay: Mapping[str, int | None]) -> str:
    """A median stay as people read it, such as `6 days`; `over 6 days` while most are still in."""
    if stay["seconds"] is not None:
        return _duration(stay["seconds"])
    over = stay["over_seconds"]
    return _NONE if over is None else f"over {_duration(over)}"


def _segments(response: Mapping[str, Any], threshold: float) -> Table:
    table = table_with("segment", "members", "share", "came", "left", "median stay", "PSI", "most")
    _right(table)
    for each in response["segments"]:
        weeks = each["weeks"]
        now = weeks[-1]
        indices = [(w["psi"], w["week"]) for w in weeks if w["psi"] is not None]
        most, week = max(indices, default=(None, ""))
        table.add_row(
            each["segment"],
            f"{each['members']:,}",
            _share(now),
            f"{now['entries']:,}",
            f"{now['exits']:,}",
            show_stay(each["median_stay"]),
            _psi(now["psi"], threshold),
            _psi(most, threshold) + (f" in {week}" if week else ""),
        )
    return table


def _weeks(response: Mapping[str, Any], threshold: float) -> RenderableType:
    (segment,) = response["segments"]
    table = table_with(
        "week", "members", "share", "came", "left", "median stay", "PSI", "version", "measured"
    )
    _right(table)
    for week in segment["weeks"]:
        is_measured = week["members"] is not None
        table.add_row(
            week["week"],
            f"{week['members']:,}" if is_measured else _NONE,
            _share(week),
            f"{week['entries']:,}",
            f"{week['exits']:,}",
            show_stay(week["median_stay"]),
            _psi(week["psi"], threshold),
            str(week["version"]) if is_measured else _NONE,
            when(week["measured_at"]) if is_measured else _NONE,
        )
    head = f"{segment['segment']}: median stay {show_stay(segment['median_stay'])}"
    return Group(Text(head, style="bold"), table)


def _right(table: Table) -> None:
    for column in table.columns[1:7]:
        column.justify = "right"


def _share(week: Mapping[str, Any]) -> str:
    return f"{week['members'] / week['population']:.1%}" if week["population"] else _NONE


def _psi(psi: float | None, threshold: float) -> str:
    if psi is None:
        return _NONE
    return f"{psi:.3f}" + ("!" if psi > threshold else "")


def _duration(seconds: int) -> str:
    for unit, name in ((_DAY, "days"), (_HOUR, "hours"), (_MINUTE, "minutes")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f}".removesuffix(".0") + f" {name}"
    return f"{seconds} seconds" if seconds else "under a minute"
