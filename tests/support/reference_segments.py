"""Who is in which shipped segment, computed from orders alone with pandas, by the literature.

None of our code is used, but for the parameters and cut-offs of a fitted model, which come in as
plain numbers. Values are computed by the formulas as they are printed: Batislam et al. (2007) for
MBG/NBD, with the Gaussian hypergeometric function, and Fader & Hardie (2013) for spend. scipy does
for most; what is near a bound is computed with 30 digits of mpmath.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import attrgetter
from typing import Any

import mpmath
import pandas as pd
from scipy.special import hyp2f1

DAY = 86_400_000_000
WEEK = 7 * DAY
_NEAR = 1e-6  # relative: nearer to a bound than that, it takes more digits to decide
_TIE = 1e-9  # relative: nearer to a bound than that, two ways to compute may differ

Members = dict[str, set[Any]]


def members_by_orders(orders: pd.DataFrame, now: int) -> Members:
    """Who is in each segment that orders alone decide; `orders` has customer, at (µs) and cents."""
    past = orders[orders["at"] <= now]
    number = past.groupby("customer").size()
    paid = past.groupby("customer")["cents"].sum()
    recent = past[past["at"] > now - 60 * DAY].groupby("customer").size()
    recent = recent.reindex(number.index, fill_value=0)
    return {
        "returning_one_time_buyer": set(number.index[number == 1]),
        "high_basket_first_purchase": set(number.index[(number == 1) & (paid >= 150_00)]),
        "new_buyer": set(number.index[(number == 1) & (recent == 1)]),
        "occasional_buyer": set(number.index[(number > 1) & recent.isin([1, 2])]),
        "regular_buyer": set(number.index[recent.isin([3, 4, 5])]),
        "frequent_buyer": set(number.index[recent > 5]),
        "high_value": set(number.index[paid >= 500_00]),
    }


@dataclass(frozen=True, slots=True)
class Parameters:
    """Of MBG/NBD (weeks) and Gamma-Gamma (cents), with the cut-offs of values in cents."""

    r: float
    alpha: float
    a: float
    b: float
    p: float
    q: float
    gamma: float
    horizon_weeks: float
    enter: float
    stay: float


@dataclass(frozen=True, slots=True)
class Past:
    """A customer's orders up to an instant: `last` is when the last order day began (µs)."""

    orders: int
    repeats: int
    recency_days: int
    last: int
    repeat_mean: float


@dataclass(slots=True)
class ValueReference:
    """Who is in the segments that ask for values, followed from order to order.

    From one order to the next a value only falls, so it is enough to look just before each order,
    just after it, and at the end. `undecided` are those who were too near to a bound once.
    """

    parameters: Parameters
    pasts: dict[Any, Past] = field(default_factory=dict)
    inside: set[Any] = field(default_factory=set)
    undecided: set[Any] = field(default_factory=set)

    def follow(self, customer: Any, at: int, past: Past) -> None:
        """That a customer, whose past is known from now on, has ordered at an instant."""
        self._leave(customer, at - 1)
        self.pasts[customer] = past
        if customer in self.inside:
            self._leave(customer, at)
        elif past.orders >= 2 and self._reaches(customer, at, self.parameters.enter):
            self.inside.add(customer)

    def start(self, now: int) -> None:
        """That the model was put in force at an instant."""
        for customer, past in self.pasts.items():
            if past.orders >= 2 and self._reaches(customer, now, self.parameters.enter):
                self.inside.add(customer)

    def members(self, now: int) -> Members:
        """Who is in the two segments at an instant."""
        for customer in list(self.inside):
            self._leave(customer, now)
        lapsing = {c for c, past in self.pasts.items() if alive(self.parameters, past, now) < 0.5}
        return {"top_quartile_clv": set(self.inside), "lapsing": lapsing}

    def _leave(self, customer: Any, now: int) -> None:
        if customer in self.inside and not self._reaches(customer, now, self.parameters.stay):
            self.inside.discard(customer)

    def _reaches(self, customer: Any, now: int, bound: float) -> bool:
        value = worth(self.parameters, self.pasts[customer], now)
        if abs(value / bound - 1) < _NEAR:
            value = worth(self.parameters, self.pasts[customer], now, precise=True)
            if abs(value / bound - 1) < _TIE:
                self.undecided.add(customer)
        return value >= bound


def alive(model: Parameters, past: Past, now: int) -> float:
    """The probability that a customer has not dropped out."""
    recency = past.recency_days / 7
    age = recency + (now - past.last) / WEEK
    growth: float = ((model.alpha + age) / (model.alpha + recency)) ** (model.r + past.repeats)
    return 1 / (1 + model.a / (model.b + past.repeats) * growth)


def worth(model: Parameters, past: Past, now: int, *, precise: bool = False) -> float:
    """What a customer is expected to spend within the horizon, in cents."""
    x, weeks = past.repeats, model.horizon_weeks
    age = past.recency_days / 7 + (now - past.last) / WEEK
    each = model.p * (model.gamma + x * past.repeat_mean) / (model.p * x + model.q - 1)
    orders = (_orders_if_alive if precise else _orders_by_scipy)(model, x, model.alpha + age, weeks)
    return alive(model, past, now) * orders * each


def _orders_if_alive(model: Parameters, x: int, elapsed: float, weeks: float) -> float:
    with mpmath.workdps(30):
        r, a, b = (mpmath.mpf(each) for each in (model.r, model.a, model.b))
        share = mpmath.mpf(elapsed) / (elapsed + weeks)
        hyper = mpmath.hyp2f1(r + x, b + x + 1, a + b + x, 1 - share)
        return float((a + b + x) / (a - 1) * (1 - share ** (r + x) * hyper))


def _orders_by_scipy(model: Parameters, x: int, elapsed: float, weeks: float) -> float:
    """The same after Euler's transformation, in which no parameter but the third grows with x."""
    r, a, b = model.r, model.a, model.b
    share = elapsed / (elapsed + weeks)
    hyper = share ** (a - 1) * hyp2f1(a + b - r, a - 1, a + b + x, 1 - share)
    return float((a + b + x) / (a - 1) * (1 - hyper))


def pasts(orders: pd.DataFrame, zone: str) -> Iterator[tuple[int, Any, Past]]:
    """(instant, customer, their past then), after all orders of a customer at each instant."""
    moments = pd.to_datetime(orders["at"], unit="us", utc=True).dt.tz_convert(zone)
    days = moments.dt.normalize()
    begins = days.astype("datetime64[us, UTC]").astype("int64")
    ordinals = (days.dt.tz_localize(None) - pd.Timestamp("1970-01-01")).dt.days
    spent: dict[Any, tuple[int, dict[int, int]]] = {}  # orders, and cents by day
    frame = orders.assign(begins=begins, day=ordinals).sort_values(
        ["at", "customer"], kind="stable"
    )
    for (at, customer), group in groupby(frame.itertuples(), attrgetter("at", "customer")):
        number, by_day = spent.setdefault(customer, (0, {}))
        together = list(group)
        for order in together:
            by_day[order.day] = by_day.get(order.day, 0) + order.cents
        spent[customer] = number + len(together), by_day
        first, repeats = min(by_day), len(by_day) - 1
        total = sum(by_day.values()) - by_day[first]
        yield (
            at,
            customer,
            Past(
                number + len(together),
                repeats,
                max(by_day) - first,
                together[0].begins,
                total / repeats if repeats else 0.0,
            ),
        )


def parameters_of(model: Mapping[str, Any]) -> Parameters:
    """The parameters in a plain `value_model_fitted`."""
    buying, [spend] = model["buying"], model["spend"]
    [cutoffs] = [each["values"] for each in model["cutoffs"] if each["value"] == "clv"]
    return Parameters(
        **{name: buying[name] for name in ("r", "alpha", "a", "b")},
        **{name: spend[name] for name in ("p", "q", "gamma")},
        horizon_weeks=model["horizon_days"] / 7,
        enter=cutoffs[74],
        stay=cutoffs[74 - model["band"]],
    )
