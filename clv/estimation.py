"""Estimating the whole model from the histories of all customers, with cut-offs and remarks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from chassis.core.errors import Refused
from chassis.core.instants import DAY
from clv.batch import (
    alive_of,
    currencies_of,
    customers_of,
    spenders_of,
    values_of,
)
from clv.cutoffs import BAND, Cutoffs
from clv.fitting import BuyingFit, Progress, SpendFit, fit_buying, fit_spend, ignore
from clv.history import BuyingHistory
from clv.model import Dropout, ValueModel

MOST_FITTED = 100_000
"""Of more customers, every n-th is fitted: parameters are known to a percent by then."""

_CORRELATED = 0.3
_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class FitSettings:
    """What an operator decides: see `ValueModel`; `band` is the hysteresis, in hundredths.

    Without a `currency` it is the one in which most order days were.
    """

    dropout: Dropout = Dropout.AFTER_EVERY_ORDER
    horizon: int = 364 * DAY
    currency: str | None = None
    band: int = BAND


@dataclass(frozen=True, slots=True)
class FittedModel:
    """A model, fitted to the orders before `as_of` (µs).

    - `buying`, `spend`: the fits; spend by currency
    - `cutoffs`: of "alive" and, if the shop's currency has a spend model, of "clv" (minor units)
    - `remarks`: sentences about what should be known before the values are used
    """

    model: ValueModel
    as_of: int
    buying: BuyingFit
    spend: Mapping[str, SpendFit]
    cutoffs: Mapping[str, Cutoffs]
    remarks: Sequence[str] = field(default=())


def estimate(
    histories: Sequence[BuyingHistory],
    now: int,
    settings: FitSettings,
    progress: Progress = ignore,
) -> FittedModel:
    """Fit buying, and spend in each currency. Refused with too few customers who came back."""
    sample = histories[:: max(-(-len(histories) // MOST_FITTED), 1)]
    customers = customers_of(sample, now)
    buying = fit_buying(customers, settings.dropout, progress)
    remarks = [*_remarks_on_buying(buying)]
    spend: dict[str, SpendFit] = {}
    for currency in currencies_of(sample):
        try:
            spend[currency] = fit_spend(spenders_of(sample, currency), progress)
        except Refused as refused:
            remarks.append(f"spend in {currency} has no model: it {refused.message}")
        else:
            remarks += _remarks_on_spend(currency, spend[currency])
    model = ValueModel(
        buying.model,
        {currency: fit.model for currency, fit in spend.items()},
        settings.horizon,
        settings.currency or _main_currency(sample),
    )
    cutoffs = _cutoffs(model, histories, now, settings.band, progress)
    return FittedModel(model, now, buying, spend, cutoffs, tuple(remarks))


def _main_currency(histories: Sequence[BuyingHistory]) -> str | None:
    days: Counter[str] = Counter()
    for history in histories:
        for currency, spent in history.spend.items():
            days[currency] += spent.days
    return max(sorted(days), key=days.__getitem__, default=None)


def _cutoffs(
    model: ValueModel,
    histories: Sequence[BuyingHistory],
    now: int,
    band: int,
    progress: Progress,
) -> dict[str, Cutoffs]:
    """The cut-offs of all customers, some at a time: others may have their turn in `progress`."""
    living, values = [], []
    for number, start in enumerate(range(0, len(histories), _AT_ONCE)):
        progress(number)
        part = histories[start : start + _AT_ONCE]
        living.append(alive_of(model.buying, customers_of(part, now)))
        if model.currency is not None and model.currency in model.spend:
            values.append(values_of(model, part, now, model.currency))
    cutoffs = {"alive": Cutoffs.of(np.concatenate(living), band)}
    if values:
        cutoffs["clv"] = Cutoffs.of(np.concatenate(values), band)
    return cutoffs


def _remarks_on_buying(fit: BuyingFit) -> Sequence[str]:
    if not fit.is_bounded:
        return ()
    remark = (
        "a parameter of the buying model is at the edge of what is searched: these orders hardly"
        " tell how much customers differ; `cdp clv report` shows how far its forecasts are off"
    )
    return (remark,)


def _remarks_on_spend(currency: str, fit: SpendFit) -> Sequence[str]:
    remarks = []
    if fit.is_bounded:
        remarks.append(
            f"a parameter of the spend model of {currency} is at the edge of what is searched"
        )
    if abs(fit.correlation) > _CORRELATED:
        remarks.append(
            f"how often customers buy and what they spend in {currency} correlate"
            f" ({fit.correlation:.2f}); the model takes them for independent"
        )
    return remarks
