"""Models and histories, drawn at random or simulated."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import BuyingHistory, BuyingModel, Dropout
from clv.batch import Customers
from clv.quadrature import Array

NOW = 1_795_000_000_000_000
DOLLARS = "USD"


def _between(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(np.log(least), np.log(most)).map(lambda log: float(np.exp(log)))


BUYING_MODELS = st.builds(
    BuyingModel,
    st.sampled_from(Dropout),
    r=_between(0.05, 20),
    alpha=_between(0.1, 200),
    a=_between(0.05, 50),
    b=_between(0.05, 50),
)
REPEATS = st.one_of(st.integers(0, 5), st.integers(0, 10_000))


@st.composite
def histories(draw: st.DrawFn) -> BuyingHistory:
    """A history that ends within three years before NOW; days are at least as many as repeats."""
    repeats = draw(REPEATS)
    recency = draw(st.integers(repeats, max(2 * repeats, 1_500))) if repeats else 0
    return BuyingHistory(repeats, recency, NOW - draw(st.integers(0, 1_000 * DAY)))


def simulate(model: BuyingModel, count: int, weeks: float, seed: int) -> Customers:
    """Customers who behave as the model says, observed for up to `weeks`."""
    return simulate_further(model, count, weeks, 0, seed)[0]


def simulate_further(
    model: BuyingModel, count: int, longest: float, weeks: float, seed: int
) -> tuple[Customers, Array, Array]:
    """Customers observed for up to `longest` weeks, and what only a simulation knows of them.

    That is whether each is alive then, and the orders of the `weeks` after.
    """
    random = np.random.default_rng(seed)
    rates = random.gamma(model.r, 1 / model.alpha, count)
    dropout = random.beta(model.a, model.b, count)
    ages = random.uniform(longest / 2, longest, count)
    repeats, recency, orders = np.zeros(count, np.int64), np.zeros(count), np.zeros(count)
    at = np.zeros(count)
    living = np.ones(count, bool)
    if model.survivals(0):
        living = random.random(count) >= dropout
    is_alive = living.copy()
    going = np.flatnonzero(living)
    while len(going):
        at[going] += random.exponential(1, len(going)) / np.maximum(rates[going], 1e-12)
        going = going[at[going] <= ages[going] + weeks]
        before = going[at[going] <= ages[going]]
        repeats[before] += 1
        recency[before] = at[before]
        orders[going] += at[going] > ages[going]
        stops = random.random(len(going)) < dropout[going]
        is_alive[going[stops & (at[going] <= ages[going])]] = False
        going = going[~stops]
    return Customers(repeats, recency, ages), is_alive.astype(float), orders
