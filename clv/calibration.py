"""How a forecast compares with what happened: by week, by repeats and by tenths of the value.

A fit is shown the orders up to a day, and what it says of the days after, the holdout, is compared
with the orders that came. The weeks before are the fit's own data: there a good fit is no proof.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

import numpy as np
import numpy.typing as npt

from chassis.core.errors import Refused
from clv.batch import (
    Customers,
    customers_of,
    expected_orders_of,
    expected_spend_of,
    spenders_of,
)
from clv.estimation import FitSettings, FittedModel, estimate
from clv.fitting import Progress, ignore
from clv.history import BuyingHistory, PaidOrder, day_of, day_start
from clv.model import BuyingModel
from clv.quadrature import Array

_MOST_REPEATS = 7
_TENTHS = 10


@dataclass(frozen=True, slots=True)
class Week:
    """The repeats of one week, forecast and actual; `first_day` as `clv.history.day_of` counts."""

    first_day: int
    forecast: float
    actual: int
    is_holdout: bool


@dataclass(frozen=True, slots=True)
class CustomerGroup:
    """Customers who are alike, and what was forecast of them for the holdout, and what came.

    Orders are order days; spend is in minor units of the shop's currency, 0 without a spend model.
    """

    label: str
    customers: int
    forecast_orders: float
    actual_orders: int
    forecast_spend: float
    actual_spend: int


@dataclass(frozen=True, slots=True)
class Calibration:
    """A fit on the days up to `last_day`, compared with the holdout, which ends with `end_day`.

    - `weeks`: of the fit's own days, whose forecast knows only when each customer came, and of the
      holdout, whose forecast knows each customer's history at its beginning
    - `by_repeats`: customers by their repeats before the holdout
    - `by_value`: customers by tenths of the spend forecast of them (orders, without a spend model),
      the highest first
    - `mean_error`: by how many orders the forecast of one customer was off, on average; and
      `mean_error_of_mean`, that of forecasting the same for everybody, which is to be beaten
    """

    fitted: FittedModel
    last_day: int
    end_day: int
    total: CustomerGroup
    weeks: Sequence[Week]
    by_repeats: Sequence[CustomerGroup]
    by_value: Sequence[CustomerGroup]
    mean_error: float
    mean_error_of_mean: float


@dataclass(frozen=True, slots=True)
class _Comparison:
    """Forecast and actual orders and spend of the holdout, by customer."""

    forecast_orders: Array
    actual_orders: Array
    forecast_spend: Array
    actual_spend: Array

    def group(self, label: str, rows: npt.NDArray[np.intp]) -> CustomerGroup:
        return CustomerGroup(
            label,
            len(rows),
            float(self.forecast_orders[rows].sum()),
            round(float(self.actual_orders[rows].sum())),
            float(self.forecast_spend[rows].sum()),
            round(float(self.actual_spend[rows].sum())),
        )


def calibrate(
    customers: Sequence[Sequence[PaidOrder]],
    zone: tzinfo,
    end_day: int,
    holdout_days: int,
    settings: FitSettings,
    progress: Progress = ignore,
) -> Calibration:
    """Fit without the last `holdout_days` up to `end_day`, and compare these with the forecast.

    Customers who came during the holdout are left out: nothing was known of them. Refused if too
    few are left.
    """
    last_day = end_day - holdout_days
    end = day_start(end_day + 1, zone)
    split = day_start(last_day + 1, zone)
    before = [[order for order in orders if order.at < split] for orders in customers]
    pairs = [
        (history, [order for order in orders if split <= order.at < end])
        for orders, known in zip(customers, before, strict=True)
        if (history := BuyingHistory.of(known, zone)) is not None
    ]
    if not pairs:
        raise Refused("report", "has no orders before the holdout; make it shorter")
    histories = [history for history, _ in pairs]
    after = [_by_day(orders, zone) for _, orders in pairs]
    # As in the literature, whose digits are to come out, a history ends as its last day begins.
    now = day_start(last_day, zone)
    fitted = estimate(histories, now, settings, progress)
    compared = _compare(fitted, histories, after, now, holdout_days / 7)
    everyone = np.arange(len(histories))
    error = np.abs(compared.forecast_orders - compared.actual_orders)
    of_mean = np.abs(compared.actual_orders.mean() - compared.actual_orders)
    return Calibration(
        fitted,
        last_day,
        end_day,
        compared.group("all", everyone),
        [
            *_fitted_weeks(fitted.model.buying, before, zone, last_day),
            *_holdout_weeks(fitted.model.buying, histories, after, now, last_day, holdout_days),
        ],
        _by_repeats(compared, histories),
        _by_value(compared),
        float(error.mean()),
        float(of_mean.mean()),
    )


def _by_day(orders: Sequence[PaidOrder], zone: tzinfo) -> dict[int, dict[str | None, int]]:
    """What was spent on each order day, by currency."""
    days: dict[int, dict[str | None, int]] = {}
    for order in orders:
        amounts = days.setdefault(day_of(order.at, zone), {})
        amounts[order.currency] = amounts.get(order.currency, 0) + order.net
    return days


def _compare(
    fitted: FittedModel,
    histories: Sequence[BuyingHistory],
    after: Sequence[dict[int, dict[str | None, int]]],
    now: int,
    weeks: float,
) -> _Comparison:
    model, currency = fitted.model, fitted.model.currency
    orders = expected_orders_of(model.buying, customers_of(histories, now), weeks)
    spend = np.zeros(len(histories))
    if currency is not None and currency in model.spend:
        spend = expected_spend_of(model.spend[currency], orders, spenders_of(histories, currency))
    return _Comparison(
        orders,
        np.array([len(days) for days in after], float),
        spend,
        np.array([sum(each.get(currency, 0) for each in days.values()) for days in after], float),
    )


def _fitted_weeks(
    model: BuyingModel, before: Sequence[Sequence[PaidOrder]], zone: tzinfo, last_day: int
) -> Sequence[Week]:
    """The whole weeks up to `last_day`: what is expected of customers by the day they came on."""
    came: dict[int, int] = {}
    repeats: dict[int, int] = {}
    for orders in before:
        days = sorted({day_of(order.at, zone) for order in orders})
        for number, day in enumerate(days):
            counted = repeats if number else came
            counted[day] = counted.get(day, 0) + 1
    first = min(came)
    expected = _expected_of_new(model, last_day - first + 1)
    weeks = []
    for start in range(last_day - 6, first - 1, -7):
        forecast = sum(
            count * (expected[max(start + 6 - day, 0)] - expected[max(start - 1 - day, 0)])
            for day, count in came.items()
        )
        actual = sum(repeats.get(day, 0) for day in range(start, start + 7))
        weeks.append(Week(start, float(forecast), actual, is_holdout=False))
    return weeks[::-1]


def _expected_of_new(model: BuyingModel, days: int) -> Array:
    """The repeats expected of a new customer within 0, 1, … `days` days."""
    new = Customers(np.zeros(1, np.int64), np.zeros(1), np.zeros(1))
    within = [float(expected_orders_of(model, new, day / 7)[0]) for day in range(1, days + 1)]
    return np.array([0.0, *within])


def _holdout_weeks(
    model: BuyingModel,
    histories: Sequence[BuyingHistory],
    after: Sequence[dict[int, dict[str | None, int]]],
    now: int,
    last_day: int,
    holdout_days: int,
) -> Sequence[Week]:
    customers = customers_of(histories, now)
    actual: dict[int, int] = {}
    for days in after:
        for day in days:
            actual[day] = actual.get(day, 0) + 1
    weeks, expected = [], 0.0
    for done in range(0, holdout_days - 6, 7):
        until = float(expected_orders_of(model, customers, (done + 7) / 7).sum())
        start = last_day + 1 + done
        ordered = sum(actual.get(day, 0) for day in range(start, start + 7))
        weeks.append(Week(start, until - expected, ordered, is_holdout=True))
        expected = until
    return weeks


def _by_repeats(
    compared: _Comparison, histories: Sequence[BuyingHistory]
) -> Sequence[CustomerGroup]:
    repeats = np.minimum([history.repeats for history in histories], _MOST_REPEATS)
    return [
        compared.group(
            f"{number} or more" if number == _MOST_REPEATS else str(number),
            np.flatnonzero(repeats == number),
        )
        for number in range(_MOST_REPEATS + 1)
        if np.any(repeats == number)
    ]


def _by_value(compared: _Comparison) -> Sequence[CustomerGroup]:
    by_spend = bool(compared.forecast_spend.any())
    value = compared.forecast_spend if by_spend else compared.forecast_orders
    order = np.argsort(-value, kind="stable")
    return [
        compared.group(str(number), rows)
        for number, rows in enumerate(np.array_split(order, _TENTHS), start=1)
        if len(rows)
    ]
