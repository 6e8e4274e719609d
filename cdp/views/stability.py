"""What `cdp segments stability` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import one_line, table_with, when

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_NONE = "-"


def stability_view(response: Mapping[str, Any], *, single: bool) -> RenderableType:
    """A row for each segment, with its present week; of a `single` one a row for each week."""
    threshold = response["threshold"]
    table = _weeks(response, threshold) if single else _segments(response, threshold)
    lines = [] if single else list(_drifts(response, threshold))
    lines.append(f"{response['population']:,} shoppers, as of {when(response['as_of'])}.")
    lines.append(f"PSI: stability index against the week before; over {threshold:g} (!) it drifts.")
    return Group(table, *(Text(one_line(line)) for line in lines))


def show_stay(stay: Mapping[str, int | None]) -> str:
    """A median stay as people read it, such as `6 d`; `over 6 d` while most are still in.

    While these have come within a minute, after a load for instance, it is too new to tell.
    """
    if stay["seconds"] is not None:
        return _duration(stay["seconds"])
    over = stay["over_seconds"]
    if over is None:
        return _NONE
    return f"over {_duration(over)}" if over >= _MINUTE else "too new"


def _segments(response: Mapping[str, Any], threshold: float) -> Table:
    table = _table("segment", "members", "share", "came", "left", "stay", "PSI")
    for each in response["segments"]:
        now = each["weeks"][-1]
        table.add_row(
            each["segment"],
            f"{each['members']:,}",
            _share(now),
            f"{now['entries']:,}",
            f"{now['exits']:,}",
            show_stay(each["median_stay"]),
            _psi(now["psi"], threshold),
        )
    return table


def _drifts(response: Mapping[str, Any], threshold: float) -> Iterator[str]:
    """The weeks before the present one in which a segment drifted."""
    for each in response["segments"]:
        weeks = [w for w in each["weeks"][:-1] if w["psi"] is not None and w["psi"] > threshold]
        if weeks:
            found = ", ".join(f"{week['week']} (PSI {week['psi']:.3f})" for week in weeks)
            yield f"{each['segment']} moved in {found}."


def _weeks(response: Mapping[str, Any], threshold: float) -> RenderableType:
    (segment,) = response["segments"]
    table = _table("week", "members", "share", "came", "left", "stay", "PSI", "version")
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
        )
    head = f"{segment['segment']}: median stay {show_stay(segment['median_stay'])}"
    return Group(Text(one_line(head), style="bold"), table)


def _table(*headings: str) -> Table:
    table = table_with(*headings)
    for column in table.columns:
        column.no_wrap = True
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _share(week: Mapping[str, Any]) -> str:
    return f"{week['members'] / week['population']:.1%}" if week["population"] else _NONE


def _psi(psi: float | None, threshold: float) -> str:
    if psi is None:
        return _NONE
    return f"{psi:.3f}" + ("!" if psi > threshold else "")


def _duration(seconds: int) -> str:
    for unit, sign in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= unit * (1 if unit == _MINUTE else 2):
            return f"{seconds / unit:.1f}".removesuffix(".0") + f" {sign}"
    return "under 1 min"
