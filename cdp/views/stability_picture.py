"""The picture of stability: of each segment its share, who came and left, and its index by week."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from cdp.views.picture import open_figure, save
from chassis.core.errors import InvalidInput

MOST_SEGMENTS = 25
_SHARE, _CAME, _LEFT, _INDEX = "#1e3a8a", "#15803d", "#c2410c", "#6b21a8"


def open_stability_figure() -> Any:
    """An empty picture; Unavailable without matplotlib."""
    return open_figure((13, 3.2))


def draw_stability(response: Mapping[str, Any], figure: Any, path: Path) -> None:
    """Draw three curves a segment, a row for each, and write them as PNG.

    InvalidInput if there are more than MOST_SEGMENTS, or the file cannot be written.
    """
    segments = response["segments"]
    if len(segments) > MOST_SEGMENTS:
        raise InvalidInput("--png", f"draws {MOST_SEGMENTS} segments at most; name one of them")
    figure.set_size_inches(13, max(2.6 * len(segments), 3.2))
    rows = figure.subplots(max(len(segments), 1), 3, squeeze=False)
    for axes, segment in zip(rows, segments, strict=False):
        _draw(axes, segment, response["threshold"])
    save(figure, path)


def _draw(axes: Sequence[Any], segment: Mapping[str, Any], threshold: float) -> None:
    weeks = segment["weeks"]
    shares, flows, indices = axes
    measured = [each for each in weeks if each["population"]]
    names = [each["week"][2:] for each in weeks]
    places = {each["week"]: place for place, each in enumerate(weeks)}
    shares.plot(
        [places[each["week"]] for each in measured],
        [100 * each["members"] / each["population"] for each in measured],
        color=_SHARE,
        marker="o",
    )
    shares.set_title(f"{segment['segment']}: % of all shoppers", fontsize=9)
    shares.set_ylim(bottom=0)
    flows.bar(range(len(weeks)), [each["entries"] for each in weeks], color=_CAME, label="came")
    flows.bar(range(len(weeks)), [-each["exits"] for each in weeks], color=_LEFT, label="left")
    flows.axhline(0, color="grey", linewidth=0.5)
    flows.set_title("came and left", fontsize=9)
    flows.legend(fontsize=7)
    known = [each for each in weeks if each["psi"] is not None]
    indices.bar(
        [places[each["week"]] for each in known], [each["psi"] for each in known], color=_INDEX
    )
    indices.set_ylim(0, 1.2 * max([threshold, *(each["psi"] for each in known)]))
    indices.axhline(threshold, color="grey", linestyle="--")
    indices.set_title("PSI against the week before, and the threshold", fontsize=9)
    for each in axes:
        each.set_xlim(-0.6, max(len(weeks), 1) - 0.4)
        each.set_xticks(range(len(weeks)), names, fontsize=7, rotation=45)
        each.tick_params(axis="y", labelsize=7)
