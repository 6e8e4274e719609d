"""The whole model from histories: what is fitted, what is remarked, and the cut-offs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from chassis.core.errors import Refused
from chassis.core.instants import DAY
from clv import BuyingHistory, Dropout, FitSettings, estimate
from clv.history import Spend
from tests.support.cdnow_customers import (
    CALIBRATION_END,
    histories_until,
    midnight,
    read_sample,
)

NOW = midnight(CALIBRATION_END)


@pytest.fixture(scope="module")
def histories() -> Sequence[BuyingHistory]:
    return [each for each in histories_until(read_sample(), CALIBRATION_END) if each is not None]


def test_cdnow_gives_models_of_buying_and_spend_with_cut_offs(
    histories: Sequence[BuyingHistory],
) -> None:
    fitted = estimate(histories, NOW, FitSettings())
    assert fitted.as_of == NOW
    assert fitted.buying.customers == 2_357
    assert fitted.model.currency == "USD"
    assert fitted.spend["USD"].repeaters == 946
    assert set(fitted.cutoffs) == {"alive", "clv"}
    assert fitted.cutoffs["clv"].at(99) > 5 * fitted.cutoffs["clv"].at(50)
    assert not fitted.remarks


def test_the_settings_choose_the_model_the_currency_and_the_band(
    histories: Sequence[BuyingHistory],
) -> None:
    settings = FitSettings(Dropout.AFTER_REPEATS, 30 * DAY, "EUR", band=3)
    fitted = estimate(histories, NOW, settings)
    assert fitted.model.buying.dropout is Dropout.AFTER_REPEATS
    assert fitted.model.horizon == 30 * DAY
    assert fitted.model.currency == "EUR"
    assert set(fitted.cutoffs) == {"alive"}
    assert fitted.cutoffs["alive"].band == 3


def test_a_currency_of_few_is_remarked_and_has_no_model(
    histories: Sequence[BuyingHistory],
) -> None:
    with_euros = [
        BuyingHistory(h.repeats, h.recency_days, h.last_day, {"EUR": Spend(1, 1, 500)})
        if number < 5 and h.repeats
        else h
        for number, h in enumerate(histories)
    ]
    fitted = estimate(with_euros, NOW, FitSettings())
    assert "EUR" not in fitted.model.spend
    assert any(
        remark.startswith("spend in EUR has no model: it needs 100") for remark in fitted.remarks
    )


def test_spend_that_goes_with_frequency_is_remarked(histories: Sequence[BuyingHistory]) -> None:
    random = np.random.default_rng(2)
    dependent = [
        BuyingHistory(
            h.repeats,
            h.recency_days,
            h.last_day,
            {"USD": Spend(h.repeats + 1, h.repeats, h.repeats**2 * int(random.gamma(9, 100)))},
        )
        for h in histories
    ]
    remarks = estimate(dependent, NOW, FitSettings()).remarks
    assert any("what they spend in USD correlate" in remark for remark in remarks)


def test_nobody_is_refused_with_what_is_needed() -> None:
    with pytest.raises(Refused, match="needs 100 customers with orders on two days or more"):
        estimate([], NOW, FitSettings())


def test_customers_who_are_all_alike_are_remarked() -> None:
    """Each bought every ten days, for ten dollars: nobody drops out, and nobody is special."""
    spend = {"USD": Spend(14, 13, 13_000)}
    alike = [BuyingHistory(13, 130, NOW - DAY, spend)] * 500
    remarks = estimate(alike, NOW, FitSettings()).remarks
    assert any("a parameter of the buying model is at the edge" in each for each in remarks)
    assert any("a parameter of the spend model of USD is at the edge" in each for each in remarks)
