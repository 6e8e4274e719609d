"""The calibration picture: forecast and actual orders by week, by repeats and by forecast value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from itertools import accumulate
from pathlib import Path
from typing import Any

from cdp.views.picture import open_figure, save
from clv.calibration import Calibration, CustomerGroup

_FORECAST, _ACTUAL = "#c2410c", "#1e3a8a"


def open_calibration_figure() -> Any:
    """An empty picture; Unavailable without matplotlib."""
    return open_figure((12, 9))


def draw(compared: Calibration, figure: Any, path: Path) -> None:
    """Draw the comparison into an empty picture, and write it as PNG; InvalidInput if it cannot."""
    ((weekly, cumulative), (repeats, tenths)) = figure.subplots(2, 2)
    _draw_weeks(weekly, compared)
    _draw_cumulative(cumulative, compared)
    _draw_groups(repeats, compared.by_repeats, "repeats before the holdout", mean=True)
    _draw_groups(tenths, compared.by_value, "tenth of the customers by forecast value", mean=False)
    total = compared.total
    figure.suptitle(
        f"Order days of {total.customers:,} customers in the holdout: forecast"
        f" {total.forecast_orders:,.0f}, actual {total.actual_orders:,}"
    )
    save(figure, path)


def _draw_weeks(axes: Any, compared: Calibration) -> None:
    days = [date.fromordinal(week.first_day) for week in compared.weeks]
    axes.plot(days, [week.actual for week in compared.weeks], color=_ACTUAL, label="actual")
    axes.plot(days, [week.forecast for week in compared.weeks], color=_FORECAST, label="forecast")
    _finish(axes, "repeats by week", compared)


def _draw_cumulative(axes: Any, compared: Calibration) -> None:
    days = [date.fromordinal(week.first_day) for week in compared.weeks]
    actual = list(accumulate(week.actual for week in compared.weeks))
    forecast = list(accumulate(week.forecast for week in compared.weeks))
    axes.plot(days, actual, color=_ACTUAL, label="actual")
    axes.plot(days, forecast, color=_FORECAST, label="forecast")
    _finish(axes, "repeats since the beginning", compared)


def _finish(axes: Any, title: str, compared: Calibration) -> None:
    axes.axvline(date.fromordinal(compared.last_day + 1), color="grey", linestyle="--")
    axes.annotate(
        " holdout", (date.fromordinal(compared.last_day + 1), 0), color="grey", va="bottom"
    )
    axes.set_ylim(bottom=0)
    axes.set_title(title)
    axes.tick_params(axis="x", rotation=30)
    axes.legend()


def _draw_groups(axes: Any, groups: Sequence[CustomerGroup], title: str, *, mean: bool) -> None:
    """Bars of forecast and actual: orders of an average customer, or orders in all."""
    places = range(len(groups))
    by = [group.customers if mean else 1 for group in groups]
    forecast = [group.forecast_orders / each for group, each in zip(groups, by, strict=True)]
    actual = [group.actual_orders / each for group, each in zip(groups, by, strict=True)]
    axes.bar([place - 0.2 for place in places], actual, 0.4, color=_ACTUAL, label="actual")
    axes.bar([place + 0.2 for place in places], forecast, 0.4, color=_FORECAST, label="forecast")
    labels = [f"{group.label}\n({group.customers:,})" for group in groups]
    axes.set_xticks(list(places), labels, fontsize=8)
    axes.set_title("orders of one customer in the holdout" if mean else "orders in the holdout")
    axes.set_xlabel(title)
    axes.legend()
