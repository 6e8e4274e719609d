"""Models and histories, drawn at random or simulated."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from chassis.core.instants import DAY
from clv import BuyingHistory, BuyingModel, Dropout
from clv.batch import Customers

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
    random = np.random.default_rng(seed)
    rates = random.gamma(model.r, 1 / model.alpha, count)
    dropout = random.beta(model.a, model.b, count)
    ages = random.uniform(weeks / 2, weeks, count)
    repeats, recency = np.zeros(count, np.int64), np.zeros(count)
    for customer in range(count):
        at = 0.0
        if model.survivals(0) and random.random() < dropout[customer]:
            continue
        while True:
            at += random.exponential(1 / max(rates[customer], 1e-12))
            if at > ages[customer]:
                break
            repeats[customer] += 1
            recency[customer] = at
            if random.random() < dropout[customer]:
                break
    return Customers(repeats, recency, ages)
