"""Customers who behave as the models say: fits find the parameters, and forecasts come true.

At full size there are 200,000 customers a model. Where few come back, single parameters stay vague;
what is asked for is that the true ones are about as likely as the fitted ones, and that the mean
rate and the mean dropout come out.
"""

from __future__ import annotations

import os

import numpy as np
import pytest

from clv import BuyingModel, Dropout
from clv.batch import alive_of, expected_orders_of
from clv.fitting import fit_buying, log_likelihood
from tests.unit.clv.customers import simulate, simulate_further

FULL = os.environ.get("CDP_PROOFS") == "full"
CUSTOMERS = 200_000 if FULL else 12_000
CLOSE = 0.1 if FULL else 0.25
UNLIKELY = 23.5  # one in ten thousand
SHOPS = {
    "music": (0.525, 6.183, 0.891, 1.614),
    "groceries": (2.5, 2.0, 0.6, 8.0),
    "furniture": (0.4, 30.0, 2.0, 1.5),
}


@pytest.mark.parametrize("dropout", Dropout)
@pytest.mark.parametrize("shop", SHOPS)
def test_a_fit_finds_the_parameters_that_customers_were_made_with(
    shop: str, dropout: Dropout
) -> None:
    model = BuyingModel(dropout, *SHOPS[shop])
    customers = simulate(model, CUSTOMERS, 104, seed=1)
    fit = fit_buying(customers, dropout)
    # Twice the log of the likelihood ratio is chi-squared with 4 degrees of freedom.
    assert 0 <= 2 * (fit.log_likelihood - log_likelihood(model, customers)) < UNLIKELY
    fitted = fit.model
    assert fitted.r / fitted.alpha == pytest.approx(model.r / model.alpha, rel=CLOSE)
    found, true = fitted.a / (fitted.a + fitted.b), model.a / (model.a + model.b)
    assert found == pytest.approx(true, rel=CLOSE)


@pytest.mark.parametrize("dropout", Dropout)
@pytest.mark.parametrize("shop", SHOPS)
def test_what_is_expected_of_a_group_comes_true(shop: str, dropout: Dropout) -> None:
    """Both for all, and for the tenths of customers by how likely they are alive."""
    model = BuyingModel(dropout, *SHOPS[shop])
    customers, is_alive, orders = simulate_further(model, CUSTOMERS, 104, weeks=26, seed=2)
    living = alive_of(model, customers)
    expected = expected_orders_of(model, customers, 26)
    assert expected.sum() == pytest.approx(orders.sum(), rel=CLOSE)
    for rows in np.array_split(np.argsort(living), 10):
        spread = np.sqrt(max(float((living[rows] * (1 - living[rows])).sum()), 1.0))
        assert abs(living[rows].sum() - is_alive[rows].sum()) < 5 * spread
        noise = 5 * np.sqrt(float((orders[rows] ** 2).sum()) + 1)
        assert abs(expected[rows].sum() - orders[rows].sum()) < noise
