"""The values of many customers at once, in arrays of numpy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clv.future import orders_if_alive
from clv.history import WEEK, BuyingHistory
from clv.model import BuyingModel, SpendModel, ValueModel
from clv.quadrature import Array

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Customers:
    """The histories of customers in columns: x, t_x and T in weeks at one instant."""

    repeats: Counts
    recency: Array
    age: Array

    def __len__(self) -> int:
        return len(self.repeats)


@dataclass(frozen=True, slots=True)
class Spenders:
    """What the same customers spent in one currency: see `clv.history.Spend`.

    `share` is the part of their order days on which they bought in it.
    """

    share: Array
    repeat_days: Counts
    repeat_mean: Array


def customers_of(histories: Sequence[BuyingHistory], now: int) -> Customers:
    """The columns of histories at `now`."""
    return Customers(
        np.array([history.repeats for history in histories], np.int64),
        np.array([history.recency for history in histories], float),
        np.array([history.age(now) for history in histories], float),
    )


def spenders_of(histories: Sequence[BuyingHistory], currency: str) -> Spenders:
    """What the customers of these histories spent in a currency; a share of 0 if nothing."""
    rows = [_spent(history, currency) for history in histories]
    share, days, mean = zip(*rows, strict=True) if rows else ((), (), ())
    return Spenders(np.array(share, float), np.array(days, np.int64), np.array(mean, float))


def _spent(history: BuyingHistory, currency: str) -> tuple[float, int, float]:
    spend = history.spend.get(currency)
    if spend is None:
        return 0.0, 0, 0.0
    days = sum(each.days for each in history.spend.values())
    return spend.days / days, spend.repeat_days, spend.repeat_mean


def currencies_of(histories: Iterable[BuyingHistory]) -> Sequence[str]:
    """The currencies in which somebody of these spent anything."""
    return sorted({currency for history in histories for currency in history.spend})


def alive_of(model: BuyingModel, customers: Customers) -> Array:
    """The probability that each customer has not dropped out: `clv.values.alive`."""
    at_first = model.survivals(0)
    repeats = customers.repeats
    growth = np.log1p((customers.age - customers.recency) / (model.alpha + customers.recency))
    # Who has survived nothing yet is alive; the 1 only keeps the logarithm defined.
    others = np.where(repeats + at_first > 0, model.b + repeats + at_first - 1, 1.0)
    odds = np.exp(np.minimum(np.log(model.a / others) + (model.r + repeats) * growth, 700.0))
    return np.where(repeats + at_first > 0, 1 / (1 + odds), 1.0)


def expected_orders_of(model: BuyingModel, customers: Customers, weeks: float) -> Array:
    """The order days expected of each customer in the next `weeks`: as of one."""
    z = weeks / (model.alpha + customers.age)
    coming = np.empty(len(customers))
    for repeats, rows in _by_repeats(customers.repeats):
        coming[rows] = orders_if_alive(model, repeats, z[rows])
    return alive_of(model, customers) * coming


def expected_spend_of(model: SpendModel, orders: Array, spenders: Spenders) -> Array:
    """What each customer will spend in a currency, in minor units, on the `orders` expected."""
    known = spenders.repeat_days * spenders.repeat_mean
    each_day = model.p * (model.gamma + known) / (model.p * spenders.repeat_days + model.q - 1)
    return orders * spenders.share * each_day


def values_of(
    model: ValueModel, histories: Sequence[BuyingHistory], now: int, currency: str
) -> Array:
    """The CLV of each history at `now`: `clv.values.expected_spend`."""
    spend = model.spend.get(currency)
    if spend is None:
        return np.zeros(len(histories))
    weeks = model.horizon / WEEK
    orders = expected_orders_of(model.buying, customers_of(histories, now), weeks)
    return expected_spend_of(spend, orders, spenders_of(histories, currency))


def _by_repeats(repeats: Counts) -> Iterator[tuple[int, npt.NDArray[np.intp]]]:
    """The rows of each number of repeats."""
    order = np.argsort(repeats, kind="stable")
    numbers, starts = np.unique(repeats[order], return_index=True)
    for number, rows in zip(numbers, np.split(order, starts[1:]), strict=True):
        yield int(number), rows
