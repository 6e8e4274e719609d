"""The picture of an experiment: the relative lift of each variant by metric, with its intervals."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cdp.views.picture import open_figure, save

NOTHING_KNOWN = "No lift is known yet."
_ONE_LOOK, _ALL_LOOKS = "#1e3a8a", "#93a3c8"


def open_report_figure() -> Any:
    """An empty picture; Unavailable without matplotlib."""
    return open_figure((10, 5))


def draw_report(report: Mapping[str, Any], figure: Any, path: Path) -> None:
    """Draw the lifts into an empty picture, and write it as PNG; InvalidInput if it cannot."""
    axes = figure.subplots()
    effects = [each for each in report["effects"] if each["lift"]["low"] is not None]
    for place, each in enumerate(reversed(effects)):
        _draw_interval(axes, place, each["always_valid_lift"], _ALL_LOOKS, 8)
        _draw_interval(axes, place, each["lift"], _ONE_LOOK, 3)
        axes.plot([100 * each["lift"]["estimate"]], [place], "o", color=_ONE_LOOK)
    names = [f"{each['variant']}: {each['metric']}" for each in reversed(effects)]
    if not effects:
        axes.text(0.5, 0.5, NOTHING_KNOWN, transform=axes.transAxes, ha="center")
    axes.set_yticks(range(len(names)), names)
    axes.axvline(0, color="grey", linestyle="--")
    axes.set_xlabel(
        f"lift over {report['variants'][0]['variant']} in percent"
        " (dark: looked at once; light: looked at all the time)"
    )
    figure.suptitle(f"{report['experiment']}: {report['shoppers']:,} shoppers")
    save(figure, path)


def _draw_interval(
    axes: Any, place: int, interval: Mapping[str, Any], color: str, width: int
) -> None:
    if interval["low"] is not None:
        ends = [100 * interval["low"], 100 * interval["high"]]
        axes.plot(ends, [place, place], color=color, linewidth=width, solid_capstyle="butt")
