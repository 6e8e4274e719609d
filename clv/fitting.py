"""Estimating the models by maximum likelihood, with analytic gradients, in log space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chassis.core.errors import Refused
from clv.batch import Customers, Spenders
from clv.model import BuyingModel, Dropout, SpendModel
from clv.quadrature import Array

MIN_REPEATERS = 100
"""Customers with repeats that a fit needs: with fewer, parameters are mostly noise."""

Progress = Callable[[int], None]
"""Called before each evaluation of a likelihood, with the number of those before."""


def ignore(done: int) -> None:
    """Show no progress."""
    del done


_FURTHEST = 12.0  # logarithms of parameters stay between ±12: a factor of 160,000
_EDGE = 2.0  # so near to them the likelihood is flat, and a search may end anywhere
_MOST_ROUNDS = 1_000
_TIGHT = {"maxiter": _MOST_ROUNDS, "maxfun": _MOST_ROUNDS, "ftol": 1e-14, "gtol": 1e-9}


@dataclass(frozen=True, slots=True)
class BuyingFit:
    """A fitted model of buying, its log-likelihood, and the customers that it was fitted on.

    `is_bounded` says that a parameter ended at the edge of what is searched: the data hardly tell
    how much customers differ.
    """

    model: BuyingModel
    log_likelihood: float
    customers: int
    repeaters: int
    is_bounded: bool


@dataclass(frozen=True, slots=True)
class SpendFit:
    """A fitted model of spend in one currency; `correlation` is that of days and mean spend.

    The model assumes that how often somebody buys says nothing of what they spend on one day.
    """

    model: SpendModel
    log_likelihood: float
    repeaters: int
    correlation: float
    is_bounded: bool


def fit_buying(customers: Customers, dropout: Dropout, progress: Progress = ignore) -> BuyingFit:
    """Fit MBG/NBD or BG/NBD. Refused with fewer than MIN_REPEATERS customers with repeats."""
    repeaters = int(np.count_nonzero(customers.repeats))
    _check(repeaters, "customers with orders on two days or more")
    unit = float(np.mean(customers.age)) or 1.0  # times about 1 make the search well scaled
    rows, counts = _distinct(customers)
    scaled = Customers(rows.repeats, rows.recency / unit, rows.age / unit)
    survived_first = int(dropout is Dropout.AFTER_EVERY_ORDER)

    def loss(logs: Array) -> tuple[float, Array]:
        likelihood, gradient = _buying_likelihood(np.exp(logs), scaled, counts, survived_first)
        return -likelihood / len(customers), -gradient * np.exp(logs) / len(customers)

    found = _minimize(loss, np.zeros(4), progress)
    r, alpha, a, b = (float(each) for each in np.exp(found.x))
    # Recency and age have a unit: each repeat's density is per week, and not per mean age.
    shift = -float(customers.repeats.sum()) * np.log(unit)
    return BuyingFit(
        BuyingModel(dropout, r, alpha * unit, a, b),
        float(-found.fun * len(customers) + shift),
        len(customers),
        repeaters,
        _is_bounded(found.x),
    )


def log_likelihood(model: BuyingModel, customers: Customers) -> float:
    """The log-likelihood of histories, times in weeks: see `fit_buying`."""
    values = np.array([model.r, model.alpha, model.a, model.b])
    counts = np.ones(len(customers))
    return _buying_likelihood(values, customers, counts, model.survivals(0))[0]


def fit_spend(spenders: Spenders, progress: Progress = ignore) -> SpendFit:
    """Fit Gamma-Gamma on customers with repeats that were not all free.

    Refused with fewer than MIN_REPEATERS of them.
    """
    chosen = (spenders.repeat_days > 0) & (spenders.repeat_mean > 0)
    days, means = spenders.repeat_days[chosen].astype(float), spenders.repeat_mean[chosen]
    _check(len(days), "customers who spent something on a second day")
    unit = float(np.mean(means))

    def loss(logs: Array) -> tuple[float, Array]:
        p, beyond, gamma = np.exp(logs)
        likelihood, gradient = _spend_likelihood(p, 1 + beyond, gamma, days, means / unit)
        return -likelihood / len(days), -gradient * np.exp(logs) / len(days)

    found = _minimize(loss, np.zeros(3), progress)
    p, beyond, gamma = (float(each) for each in np.exp(found.x))
    varied = len(set(days)) > 1 and len(set(means)) > 1
    return SpendFit(
        SpendModel(p, 1 + beyond, gamma * unit),
        float(-found.fun * len(days) - len(days) * np.log(unit)),
        len(days),
        float(np.corrcoef(days, means)[0, 1]) if varied else 0.0,
        _is_bounded(found.x),
    )


def _check(repeaters: int, what: str) -> None:
    if repeaters < MIN_REPEATERS:
        raise Refused(
            "fit", f"needs {MIN_REPEATERS} {what}, and there are {repeaters}; wait for more orders"
        )


def _minimize(
    loss: Callable[[Array], tuple[float, Array]], start: Array, progress: Progress
) -> Any:
    from scipy.optimize import minimize  # noqa: PLC0415 - see clv/__init__.py

    done = 0

    def counted(logs: Array) -> tuple[float, Array]:
        nonlocal done
        progress(done)
        done += 1
        return loss(logs)

    edges = [(-_FURTHEST, _FURTHEST)] * len(start)
    return minimize(counted, start, jac=True, method="L-BFGS-B", bounds=edges, options=_TIGHT)


def _is_bounded(logs: Array) -> bool:
    return bool(np.any(np.abs(logs) > _FURTHEST - _EDGE))


def _distinct(customers: Customers) -> tuple[Customers, Array]:
    """The distinct rows, and how many customers each stands for."""
    columns = np.column_stack((customers.repeats, customers.recency, customers.age))
    rows, counts = np.unique(columns, axis=0, return_counts=True)
    distinct = Customers(
        rows[:, 0].astype(np.int64), rows[:, 1].astype(float), rows[:, 2].astype(float)
    )
    return distinct, counts.astype(float)


def _buying_likelihood(
    parameters: Array, customers: Customers, counts: Array, survived_first: int
) -> tuple[float, Array]:
    """The log-likelihood and its gradient by (r, alpha, a, b).

    Formula (6) of Fader, Hardie & Lee (2005); for the MBG/NBD one survival more, as in Batislam et
    al. (2007): the sum of being alive at T, and of having dropped out after the last order.
    """
    from scipy.special import betaln, digamma, gammaln  # noqa: PLC0415 - see clv/__init__.py

    r, alpha, a, b = parameters
    x, k = customers.repeats, customers.repeats + survived_first
    s = r + x
    until_now, until_last = np.log(alpha + customers.age), np.log(alpha + customers.recency)
    living = betaln(a, b + k) - s * until_now
    dropped = k > 0
    others = np.where(dropped, b + k - 1, 1.0)
    gone = np.where(dropped, betaln(a + 1, others) - s * until_last, -np.inf)
    both = np.logaddexp(living, gone)
    common = gammaln(s) - gammaln(r) + r * np.log(alpha) - betaln(a, b)
    likelihood = float(counts @ (common + both))
    alive, dead = np.exp(living - both), np.exp(gone - both)
    in_all, total = digamma(a + b + k), digamma(a + b)
    by_r = digamma(s) - digamma(r) + np.log(alpha) - alive * until_now - dead * until_last
    by_alpha = r / alpha - s * (
        alive / (alpha + customers.age) + dead / (alpha + customers.recency)
    )
    by_a = alive * digamma(a) + dead * digamma(a + 1) - in_all - digamma(a) + total
    by_b = alive * digamma(b + k) + dead * digamma(others) - in_all - digamma(b) + total
    return likelihood, np.array([counts @ each for each in (by_r, by_alpha, by_a, by_b)])


def _spend_likelihood(
    p: float, q: float, gamma: float, days: Array, means: Array
) -> tuple[float, Array]:
    """The log-likelihood and its gradient by (p, q, gamma): formula (1a) of Fader & Hardie (2013).

    The term that has no parameter but the data, -log of the mean, stays in.
    """
    from scipy.special import digamma, gammaln  # noqa: PLC0415 - see clv/__init__.py

    px = p * days
    total = gamma + days * means
    likelihood = (
        gammaln(px + q) - gammaln(px) - gammaln(q)
        + q * np.log(gamma) + (px - 1) * np.log(means) + px * np.log(days)
        - (px + q) * np.log(total)
    )  # fmt: skip
    by_p = days * (digamma(px + q) - digamma(px) + np.log(means) + np.log(days) - np.log(total))
    by_q = digamma(px + q) - digamma(q) + np.log(gamma) - np.log(total)
    by_gamma = q / gamma - (px + q) / total
    return float(likelihood.sum()), np.array([by_p.sum(), by_q.sum(), by_gamma.sum()])
