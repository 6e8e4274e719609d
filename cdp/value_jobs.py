"""What `cdp clv` does: fitting the orders of a suite or a file, and comparing forecasts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from cdp.customers import (
    config_dir,
    orders_of_file,
    orders_of_suite,
    segments_database,
)
from chassis.core.errors import Refused
from clv import BuyingHistory, Calibration, calibrate, estimate
from clv.history import day_of
from contracts.value_model import VALUE_MODEL_FITTED
from rules.summary.book import StandingOrder
from services.segments.domain.value_model import VersionedModel, to_plain
from services.segments.registry import DefinitionRegistry
from services.segments.value_fitting import Progress, fit, mark_due
from services.segments.value_settings import load_value_settings

_NOT_STORED = 1  # a model of a file is the first of nothing

Orders = Sequence[Sequence[StandingOrder]]


def fit_suite(suite: Path | None, progress: Progress) -> dict[str, Any]:
    """Fit the orders of a suite; the stored model, as `value_model_fitted` has it."""
    settings = load_value_settings(config_dir())
    with segments_database(suite) as work:
        model = fit(work, settings, progress)
        mark_due(work, DefinitionRegistry(settings.zone))
        return _plain(model)


def fit_file(file: Path, mapping: Path | None, progress: Progress) -> dict[str, Any]:
    """Fit the orders of a file, as of its last day; nothing is stored."""
    settings = load_value_settings(config_dir())
    orders = orders_of_file(file, mapping, progress)
    found = [BuyingHistory.of(each, settings.zone) for each in orders]
    histories = [each for each in found if each is not None]
    now = max((each.last_day for each in histories), default=0)
    fitted = estimate(histories, now, settings.fit, lambda done: progress("evaluations", done))
    return _plain(VersionedModel(_NOT_STORED, settings.zone_name, fitted))


def orders_from(
    file: Path | None, mapping: Path | None, suite: Path | None, progress: Progress
) -> Orders:
    """The orders of each customer, of a file or of a suite."""
    if file is not None:
        return orders_of_file(file, mapping, progress)
    return orders_of_suite(suite, progress)


def compare(
    orders: Orders, holdout_days: int | None, until: date | None, progress: Progress
) -> Calibration:
    """Fit without the holdout, and compare; without `holdout_days`, the last third of the weeks."""
    settings = load_value_settings(config_dir())
    days = [day_of(order.at, settings.zone) for each in orders for order in each]
    if not days:
        raise Refused("report", "has no orders to compare")
    last = max(days) if until is None else until.toordinal()
    holdout = holdout_days or max((last - min(days)) // 21, 1) * 7
    return calibrate(
        orders,
        settings.zone,
        last,
        holdout,
        settings.fit,
        lambda done: progress("evaluations", done),
    )


def _plain(model: VersionedModel) -> dict[str, Any]:
    plain: dict[str, Any] = VALUE_MODEL_FITTED.dump(to_plain(model))
    return plain
