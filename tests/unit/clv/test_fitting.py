"""Fitting finds the parameters by which customers were simulated, and says what it needs."""

from __future__ import annotations

import numpy as np
import pytest

from chassis.core.errors import Refused
from clv import BuyingModel, Dropout
from clv.batch import Customers, Spenders
from clv.fitting import MIN_REPEATERS, fit_buying, fit_spend, log_likelihood
from clv.quadrature import Array
from tests.unit.clv.customers import simulate

TRUE = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.9, 5.0, 1.2, 3.0)


def spenders(count: int, p: float, q: float, gamma: float, seed: int) -> Spenders:
    random = np.random.default_rng(seed)
    days = random.integers(1, 12, count)
    rates = random.gamma(q, 1 / gamma, count)
    means = random.gamma(p * days, 1 / rates) / days
    return Spenders(np.ones(count), days, means)


@pytest.mark.parametrize("dropout", Dropout)
def test_the_parameters_of_simulated_customers_are_found(dropout: Dropout) -> None:
    model = BuyingModel(dropout, TRUE.r, TRUE.alpha, TRUE.a, TRUE.b)
    customers = simulate(model, 8_000, 80, seed=7)
    fit = fit_buying(customers, dropout)
    assert fit.model.r == pytest.approx(model.r, rel=0.1)
    assert fit.model.alpha == pytest.approx(model.alpha, rel=0.15)
    mean = fit.model.a / (fit.model.a + fit.model.b)
    assert mean == pytest.approx(model.a / (model.a + model.b), rel=0.1)
    assert fit.log_likelihood >= log_likelihood(model, customers)
    assert not fit.is_bounded


def test_the_parameters_of_simulated_spend_are_found() -> None:
    fit = fit_spend(spenders(20_000, 6.0, 4.0, 1_500.0, seed=1))
    assert fit.model.p == pytest.approx(6, rel=0.1)
    assert fit.model.q == pytest.approx(4, rel=0.1)
    assert fit.model.mean == pytest.approx(6 * 1_500 / 3, rel=0.05)
    assert fit.repeaters == 20_000


def test_the_log_likelihood_is_that_of_the_fit() -> None:
    customers = simulate(TRUE, 2_000, 80, seed=1)
    fit = fit_buying(customers, TRUE.dropout)
    assert log_likelihood(fit.model, customers) == pytest.approx(fit.log_likelihood, rel=1e-12)


@pytest.mark.parametrize("dropout", Dropout)
def test_no_neighbour_of_a_fit_is_likelier(dropout: Dropout) -> None:
    customers = simulate(TRUE, 2_000, 80, seed=2)
    fit = fit_buying(customers, dropout)
    for name in ("r", "alpha", "a", "b"):
        for factor in (0.98, 1.02):
            values = {each: getattr(fit.model, each) for each in ("r", "alpha", "a", "b")}
            near = BuyingModel(dropout, **{**values, name: values[name] * factor})
            assert log_likelihood(near, customers) < fit.log_likelihood


def test_times_in_days_give_the_same_model_seven_times_as_long() -> None:
    weeks = simulate(TRUE, 2_000, 80, seed=4)
    days = Customers(weeks.repeats, weeks.recency * 7, weeks.age * 7)
    by_week, by_day = fit_buying(weeks, TRUE.dropout), fit_buying(days, TRUE.dropout)
    assert by_day.model.alpha == pytest.approx(7 * by_week.model.alpha, rel=1e-3)
    assert by_day.model.r == pytest.approx(by_week.model.r, rel=1e-3)


def test_too_few_repeaters_are_refused_with_what_is_needed() -> None:
    repeats = np.zeros(5_000, np.int64)
    repeats[: MIN_REPEATERS - 1] = 1
    few = Customers(repeats, np.minimum(repeats, 1) * 3.0, np.full(5_000, 30.0))
    expected = "needs 100 customers with orders on two days or more, and there are 99"
    with pytest.raises(Refused, match=expected):
        fit_buying(few, Dropout.AFTER_EVERY_ORDER)


def test_free_orders_are_no_spend_to_learn_from() -> None:
    free = Spenders(np.ones(500), np.full(500, 2), np.zeros(500))
    with pytest.raises(Refused, match="needs 100 customers who spent something on a second day"):
        fit_spend(free)


def test_customers_who_are_all_alike_end_at_the_edge_and_it_is_said() -> None:
    random = np.random.default_rng(5)
    repeats = random.poisson(4, 3_000)
    recency = np.where(repeats > 0, 20.0 * random.beta(np.maximum(repeats, 1), 1), 0.0)
    fit = fit_buying(Customers(repeats, recency, np.full(3_000, 20.0)), Dropout.AFTER_EVERY_ORDER)
    assert fit.is_bounded


def test_progress_is_called_as_the_search_goes_on() -> None:
    calls: list[int] = []
    fit_buying(simulate(TRUE, 500, 80, seed=6), TRUE.dropout, calls.append)
    assert calls == list(range(len(calls)))
    assert len(calls) > 5


def test_correlation_of_days_and_spend_is_measured() -> None:
    def with_means(means: Array) -> Spenders:
        return Spenders(np.ones(600), days, means)

    random = np.random.default_rng(8)
    days = random.integers(1, 10, 600)
    independent = fit_spend(with_means(random.gamma(5, 200, 600)))
    dependent = fit_spend(with_means(days * random.gamma(5, 200, 600)))
    assert abs(independent.correlation) < 0.15
    assert dependent.correlation > 0.5
