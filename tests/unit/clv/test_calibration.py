"""The forecast of CDNOW's sample against the 39 weeks after, as the report shows it."""

from __future__ import annotations

from datetime import UTC
from itertools import pairwise

import pytest

from chassis.core.errors import Refused
from chassis.core.instants import DAY
from clv import Dropout, FitSettings
from clv.calibration import Calibration, calibrate
from tests.support.cdnow_customers import (
    CALIBRATION_END,
    HOLDOUT_END,
    SampleOrder,
    read_sample,
)

HOLDOUT = (HOLDOUT_END - CALIBRATION_END).days


@pytest.fixture(scope="module")
def calibration() -> Calibration:
    settings = FitSettings(Dropout.AFTER_REPEATS)
    return calibrate(read_sample(), UTC, HOLDOUT_END.toordinal(), HOLDOUT, settings)


def test_the_fit_sees_nothing_of_the_holdout(calibration: Calibration) -> None:
    assert round(calibration.fitted.buying.log_likelihood, 1) == -9582.4
    assert calibration.last_day == CALIBRATION_END.toordinal()


def test_the_total_is_the_forecast_of_39_weeks(calibration: Calibration) -> None:
    assert HOLDOUT == 39 * 7
    assert round(calibration.total.forecast_orders) == 1_653
    assert calibration.total.actual_orders == 1_882


def test_the_weeks_of_the_holdout_add_up_to_the_total(calibration: Calibration) -> None:
    holdout = [week for week in calibration.weeks if week.is_holdout]
    assert len(holdout) == 39
    assert sum(week.actual for week in holdout) == 1_882
    assert sum(week.forecast for week in holdout) == pytest.approx(1_653, abs=0.5)


def test_the_weeks_of_the_fit_are_whole_and_its_repeats_are_counted(
    calibration: Calibration,
) -> None:
    """Of 2,457 repeats the fit expects 2,450."""
    fitted = [week for week in calibration.weeks if not week.is_holdout]
    assert [b.first_day - a.first_day for a, b in pairwise(fitted)] == [7] * 38
    assert sum(week.actual for week in fitted) == 2_457
    assert sum(week.forecast for week in fitted) == pytest.approx(2_450, rel=0.02)


def test_groups_divide_the_customers(calibration: Calibration) -> None:
    for groups in (calibration.by_repeats, calibration.by_value):
        assert sum(group.customers for group in groups) == 2_357
        assert sum(group.actual_orders for group in groups) == 1_882
    assert [group.label for group in calibration.by_repeats][-1] == "7 or more"
    assert calibration.by_repeats[0].customers == 1_411


def test_the_highest_tenth_is_forecast_and_spends_most(calibration: Calibration) -> None:
    spent = [group.actual_spend for group in calibration.by_value]
    forecast = [group.forecast_spend for group in calibration.by_value]
    assert forecast == sorted(forecast, reverse=True)
    assert spent[0] == max(spent)
    assert spent[0] > sum(spent) / 3


def test_the_forecast_is_closer_than_the_same_for_everybody(calibration: Calibration) -> None:
    assert calibration.mean_error < calibration.mean_error_of_mean


def test_a_holdout_longer_than_the_orders_is_refused() -> None:
    with pytest.raises(Refused, match="no orders before the holdout"):
        calibrate([[SampleOrder(DAY)]], UTC, 719_163 + 30, 60, FitSettings())


def test_without_money_customers_are_ranked_by_their_orders() -> None:
    unpaid = [[SampleOrder(order.at, 0, None) for order in each] for each in read_sample()]
    compared = calibrate(unpaid, UTC, HOLDOUT_END.toordinal(), HOLDOUT, FitSettings())
    forecast = [group.forecast_orders for group in compared.by_value]
    assert forecast == sorted(forecast, reverse=True)
    assert compared.total.forecast_spend == compared.total.actual_spend == 0
