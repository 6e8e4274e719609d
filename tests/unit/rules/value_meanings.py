"""Random comparisons of the values of a model, with the formulas as the literature prints them.

Standing orders come from the plain fold of tests/support/oracle. Batislam et al. (2007) and Fader,
Hardie & Lee (2005) with the Gaussian hypergeometric function for orders, Fader & Hardie (2013) for
spend, computed with 25 digits. A percentile's band depends on who is a member already: `upright`
of the history says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

import mpmath
from hypothesis import event, reject
from hypothesis import strategies as st

from chassis import DAY
from tests.support.oracle import fold
from tests.unit.rules.oracle import EPOCH, History, Meaning, compare, orderings, signs

_WEEK = 7 * DAY
_TIE = 1e-9  # relative: nearer to a bound than that, two ways to compute may differ


class NearBoundError(Exception):
    """A value is too near to what it is compared with for two ways to compute to agree."""


class ModelParameters(NamedTuple):
    """A fitted model: parameters in weeks and cents, and cut-offs of hundredths of the customers.

    Without `cents` nothing is known of what is spent, and CLV has neither values nor cut-offs.
    """

    is_bg: bool
    r: float
    alpha: float
    a: float
    b: float
    cents: tuple[float, float, float] | None
    horizon_days: int
    band: int
    alive_cutoffs: tuple[float, ...]
    clv_cutoffs: tuple[float, ...]


class BoughtDays(NamedTuple):
    """Order days up to an instant; `days` and `paid` are what was spent in dollars, by day.

    `last` is when the last of them began (µs), and `dated` how many pairs of a day and a currency
    there are.
    """

    repeats: int
    recency_days: int
    last: int
    dated: int
    days: int
    repeat_days: int
    repeat_cents: int


def past_of(history: History, now: int) -> BoughtDays | None:
    """The order days of the shopper's standing orders, in the zone; None without orders."""
    by_day: dict[int, dict[str, int]] = {}
    for order, paid in fold(history.logged, now).standing(now):
        amounts = by_day.setdefault(history.clock(order.at).toordinal(), {})
        amounts[order.currency] = amounts.get(order.currency, 0) + paid
    if not by_day:
        return None
    first, last = min(by_day), max(by_day)
    dollars = {day: amounts["USD"] for day, amounts in by_day.items() if "USD" in amounts}
    repeats = [cents for day, cents in dollars.items() if day != first]
    return BoughtDays(
        len(by_day) - 1,
        last - first,
        _begin(history, last),
        sum(map(len, by_day.values())),
        len(dollars),
        len(repeats),
        sum(repeats),
    )


def _begin(history: History, day: int) -> int:
    start = datetime.fromordinal(day).replace(tzinfo=history.zone)
    return (start - EPOCH) // timedelta(microseconds=1)


def alive(model: ModelParameters, past: BoughtDays, now: int) -> Any:
    """The probability that the shopper has not dropped out; 1 if that is certain."""
    survived = past.repeats if model.is_bg else past.repeats + 1
    if not survived:
        return 1
    recency = past.recency_days / 7
    age = recency + max(now - past.last, 0) / _WEEK
    growth = ((model.alpha + age) / (model.alpha + recency)) ** (model.r + past.repeats)
    return 1 / (1 + model.a / (model.b + survived - 1) * growth)


def expected_orders(model: ModelParameters, past: BoughtDays, now: int, days: float) -> float:
    """How many order days are expected in so many days."""
    age = past.recency_days / 7 + max(now - past.last, 0) / _WEEK
    coming = _orders_if_alive(model, past.repeats, model.alpha + age, days / 7)
    return coming * float(alive(model, past, now))


@lru_cache(maxsize=100_000)
def _orders_if_alive(model: ModelParameters, x: int, elapsed: float, weeks: float) -> float:
    survived = x if model.is_bg else x + 1
    with mpmath.workdps(25):
        r, a, b = (mpmath.mpf(each) for each in (model.r, model.a, model.b))
        share = mpmath.mpf(elapsed) / (elapsed + weeks)
        hyper = mpmath.hyp2f1(r + x, b + survived, a + b + survived - 1, 1 - share)
        return float((a + b + survived - 1) / (a - 1) * (1 - share ** (r + x) * hyper))


def clv(model: ModelParameters, past: BoughtDays, now: int) -> Any:
    """Dollars that are expected to be spent; 0 if none ever were, None if no model knows."""
    if model.cents is None:
        return None
    if not past.days:
        return 0
    p, q, gamma = model.cents
    each = p * (gamma + past.repeat_cents) / (p * past.repeat_days + q - 1)
    orders = expected_orders(model, past, now, model.horizon_days)
    return orders * past.days / past.dated * each / 100


_Read = Callable[[ModelParameters, BoughtDays, int], Any]


def _value(read: _Read, history: History, now: int) -> Any:
    past = None if history.model is None else past_of(history, now)
    return None if past is None else read(history.model, past, now)


def _compare(sign: str, value: Any, bound: float) -> bool:
    if isinstance(value, float) and abs(value - bound) <= _TIE * abs(bound):
        raise NearBoundError
    return compare(sign, value, bound)


def _tested(text: str, read: _Read, sign: str, bound: float) -> Meaning:
    return Meaning(
        f"{text} {sign} {bound}",
        lambda history, now: _compare(sign, _value(read, history, now), bound),
    )


def _ranked(name: str, band: int | None, sign: str, percent: int) -> Meaning:
    """Members leave, or stay outside where the whole is denied, only beyond the band."""
    read, option = {"clv": clv, "alive": alive}[name], "" if band is None else f", band={band}"

    def at(history: History, now: int) -> bool:
        model, bound = history.model, percent
        cutoffs = () if model is None else _cutoffs(model, name)
        if not cutoffs:
            return False
        if history.upright is not None:
            width = 5 if band is None else band
            bound += -width if history.upright is sign.startswith(">") else width
        bound = min(max(bound, 0), 100)
        cutoff = cutoffs[bound - 1] / (100 if name == "clv" else 1) if bound else 0
        return _compare(sign, _value(read, history, now), cutoff)

    return Meaning(f'percentile("{name}"{option}) {sign} {percent}', at)


def _cutoffs(model: ModelParameters, name: str) -> tuple[float, ...]:
    if name == "alive":
        return model.alive_cutoffs
    return () if model.cents is None else model.clv_cutoffs


def _orders_within(days: int, sign: str, bound: float) -> Meaning:
    return _tested(
        f'expected_orders(within="{days}d")',
        lambda model, past, now: expected_orders(model, past, now, days),
        sign,
        bound,
    )


_values = st.one_of(
    st.builds(
        _tested, st.just("alive()"), st.just(alive), signs, st.sampled_from([0.2, 0.5, 0.8, 1])
    ),
    st.builds(
        _orders_within, st.sampled_from([1, 7, 90]), signs, st.sampled_from([0, 0.1, 0.5, 1.5])
    ),
    st.builds(
        _tested, st.just("clv()"), st.just(clv), signs, st.sampled_from([0, 20, 50, 100, 200, 400])
    ),
)


def _percentiles(bands: st.SearchStrategy[int | None]) -> st.SearchStrategy[Meaning]:
    percents = st.sampled_from([0, 2, 25, 50, 75, 100])
    return st.builds(_ranked, st.sampled_from(["clv", "alive"]), bands, orderings, percents)


tests_without_band = _values | _percentiles(st.just(0))
"""What a membership that there is already has no part in."""
tests = _values | _percentiles(st.sampled_from([None, 0, 20]))


def _hundredths(least: float, most: float) -> tuple[float, ...]:
    return tuple(least + (most - least) * number / 99 for number in range(100))


models = st.builds(
    ModelParameters,
    st.booleans(),
    st.sampled_from([0.243, 0.525, 2.0]),
    st.sampled_from([0.05, 0.3, 4.414]),
    st.sampled_from([0.4, 0.891, 2.5]),
    st.sampled_from([0.7, 1.614, 4.0]),
    st.none() | st.tuples(st.just(6.25), st.sampled_from([1.5, 3.74]), st.just(1_544.0)),
    st.sampled_from([7, 364]),
    st.just(5),
    st.sampled_from([_hundredths(0.05, 0.99), _hundredths(0.4, 0.6)]),
    st.sampled_from([_hundredths(0.0, 50_000.0), _hundredths(1_000.0, 12_000.0)]),
)


@contextmanager
def histories_that_decide() -> Iterator[None]:
    """Give an example up in which two ways to compute a value may differ."""
    try:
        yield
    except NearBoundError:
        event("a value too near to its bound")
        reject()
