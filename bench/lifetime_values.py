"""Customer lifetime value: how many profiles a second get all their values in one process.

Beside it is the way of the literature and of the package `lifetimes`, its Gaussian hypergeometric
function computed by scipy, over the same customers. Both must give the same values.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from scipy.special import hyp2f1

from clv import BuyingModel, Dropout, SpendModel
from clv.batch import (
    Customers,
    Spenders,
    alive_of,
    expected_orders_of,
    expected_spend_of,
)
from clv.quadrature import Array

PROFILES = 400_000
_ROUNDS = 5
_WEEKS = 52.0
_BUYING = BuyingModel(Dropout.AFTER_EVERY_ORDER, 0.525, 6.183, 0.891, 1.614)
_SPEND = SpendModel(6.25, 3.74, 1_544.0)


def measure() -> dict[str, float]:
    """Profiles a second whose alive, expected orders and CLV are computed; and over hyp2f1."""
    customers, spenders = _draw(PROFILES)

    def ours() -> Array:
        return expected_spend_of(_SPEND, expected_orders_of(_BUYING, customers, _WEEKS), spenders)

    def theirs() -> Array:
        return expected_spend_of(_SPEND, _by_hypergeometric(customers), spenders)

    if not np.allclose(ours(), theirs(), rtol=1e-6):
        raise RuntimeError("the two ways give different values")
    fastest, reference = _seconds(ours), _seconds(theirs)
    return {
        "clv_profiles_per_s": round(PROFILES / fastest),
        "clv_over_hyp2f1": round(reference / fastest, 2),
    }


def _draw(count: int) -> tuple[Customers, Spenders]:
    """Customers as CDNOW's were after half a year: most never came back, a few often."""
    random = np.random.default_rng(1)
    repeats = np.minimum(random.negative_binomial(0.5, 0.25, count), 200)
    age = random.uniform(1, 104, count)
    recency = np.where(repeats > 0, age * random.uniform(0, 1, count), 0.0)
    mean = np.where(repeats > 0, random.gamma(3, 1_200, count), 0.0)
    return Customers(repeats, recency, age), Spenders(np.ones(count), repeats, mean)


def _by_hypergeometric(customers: Customers) -> Array:
    """The MBG/NBD in the form that the literature prints."""
    a, b, s = _BUYING.a, _BUYING.b, _BUYING.r + customers.repeats
    start = _BUYING.alpha + customers.age
    remaining = (start / (start + _WEEKS)) ** s * hyp2f1(
        s,
        b + customers.repeats + 1,
        a + b + customers.repeats,
        _WEEKS / (start + _WEEKS),
    )
    coming = (a + b + customers.repeats) / (a - 1) * (1 - remaining)
    orders: Array = coming * alive_of(_BUYING, customers)
    return orders


def _seconds(compute: Callable[[], Array]) -> float:
    """The seconds of the fastest of some rounds."""
    durations = []
    for _ in range(_ROUNDS):
        start = time.perf_counter()
        compute()
        durations.append(time.perf_counter() - start)
    return min(durations)
