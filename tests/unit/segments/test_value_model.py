"""The fitted model as it is stored, published and configured."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pytest

from chassis import DAY, HOUR, InvalidInput
from chassis.validation import load
from clv import BuyingHistory, Dropout, FitSettings, estimate
from contracts.value_model import VALUE_MODEL_FITTED, VALUES_RESPONSE
from rules import Summary
from services.segments.domain.value_model import (
    VersionedModel,
    from_plain,
    profile_values,
    show_values,
    to_plain,
)
from services.segments.value_settings import load_value_settings, read_value_settings
from tests.support.cdnow_customers import (
    CALIBRATION_END,
    histories_until,
    midnight,
    read_sample,
)

NOW = midnight(CALIBRATION_END)
SETTINGS = "model: bg_nbd\nhorizon: 52w\nzone: Europe/Berlin\nfit_every: 12h\n"


@pytest.fixture(scope="module")
def model() -> VersionedModel:
    histories: Sequence[BuyingHistory] = [
        each for each in histories_until(read_sample(), CALIBRATION_END) if each is not None
    ]
    return VersionedModel(3, "UTC", estimate(histories, NOW, FitSettings()))


def summary_of(*days_ago: int) -> Summary:
    summary = Summary()
    for number, days in enumerate(days_ago):
        data = {"order_id": str(number), "revenue": 3_000, "currency": "USD", "products": []}
        summary.add("order_completed", data, NOW - days * DAY, str(number))
    return summary


def test_a_model_comes_back_as_it_was_published(model: VersionedModel) -> None:
    published = VALUE_MODEL_FITTED.dump(to_plain(model))
    assert from_plain(load(VALUE_MODEL_FITTED, published)) == model


def test_a_profile_is_shown_with_what_is_expected_of_it(model: VersionedModel) -> None:
    response = show_values("grace", summary_of(200, 40), model, NOW)
    assert response["order_days"] == 2
    assert (response["first_day"], response["last_day"]) == ("1997-03-14", "1997-08-21")
    assert 0.5 < response["alive"] < 1
    assert response["expected_orders"] > 1
    assert response["clv"][0]["currency"] == "USD"
    assert response["clv"][0]["clv"] > 3_000
    assert response["percentile"] > 50
    assert response["lapses_at"] > NOW
    VALUES_RESPONSE.dump(response)


@pytest.mark.parametrize("days", [(), (30,)])
def test_without_a_model_a_profile_has_its_orders_alone(days: tuple[int, ...]) -> None:
    response = show_values("grace", summary_of(*days), None, NOW)
    assert response["order_days"] == len(days)
    assert response["alive"] is None
    assert response["clv"] == []
    VALUES_RESPONSE.dump(response)


def test_rules_read_the_values_of_a_summary_until_its_orders_change(model: VersionedModel) -> None:
    values = profile_values(model, summary_of(200, 40, -10))
    alive = values.value("alive", None, NOW)
    assert alive is not None
    assert values.crossing("alive", None, NOW, alive / 2) == NOW + 10 * DAY or alive > 0.5
    later = values.value("alive", None, NOW + 10 * DAY)
    assert later is not None
    assert later > alive
    assert values.cutoff("clv", 75) == pytest.approx(model.fitted.cutoffs["clv"].at(75) / 100)


def test_a_cancelled_order_is_no_order_day(model: VersionedModel) -> None:
    summary = summary_of(200, 40)
    summary.add("order_cancelled", {"order_id": "1"}, NOW - 39 * DAY, "cancelled")
    assert show_values("grace", summary, model, NOW)["order_days"] == 1


def test_the_shipped_settings_fit_once_a_day() -> None:
    settings = load_value_settings()
    assert settings.fit.dropout is Dropout.AFTER_EVERY_ORDER
    assert settings.fit.horizon == 364 * DAY
    assert settings.zone is UTC
    assert settings.fit_every == DAY


def test_settings_say_what_is_fitted_and_how_often() -> None:
    settings = read_value_settings(SETTINGS + "currency: EUR\nband: 3\n")
    assert settings.fit == FitSettings(Dropout.AFTER_REPEATS, 364 * DAY, "EUR", 3)
    assert settings.zone_name == "Europe/Berlin"
    assert str(settings.zone) == "Europe/Berlin"
    assert settings.fit_every == 12 * HOUR
    assert read_value_settings(SETTINGS.replace("12h", "never")).fit_every is None


@pytest.mark.parametrize(
    ("instead", "message"),
    [
        (("bg_nbd", "pareto"), "model: clv.yaml line 1, column 8: `pareto` is not known here"),
        (("52w", "36h"), "horizon: clv.yaml line 2, column 10: must be whole days"),
        (("52w", "4000d"), "at most ten years"),
        (("52w", "a year"), "is not a duration"),
        (("Europe/Berlin", "Berlin"), "must be the name of a time zone such as Europe/Berlin"),
        (("12h", "10m"), 'must be an hour ("1h") or longer, or "never"'),
        (("12h", "12h\ncurrency: euros"), "must be an ISO 4217 code in capitals, such as EUR"),
        (("12h", "12h\nband: 80"), "band"),
        (("zone: Europe/Berlin\n", ""), "zone"),
    ],
)
def test_a_mistake_is_refused_with_its_place_and_the_fix(
    instead: tuple[str, str], message: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        read_value_settings(SETTINGS.replace(*instead))
    assert message in str(refused.value)
