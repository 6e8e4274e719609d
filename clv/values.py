"""The values of one customer: closed forms of their history and of time.

Between two orders each value only falls as time passes: who has not bought for longer is less
likely to be alive, and if alive, has the lower rate of orders. `next_crossing` stands on that.
"""

from __future__ import annotations

import math

from clv.future import orders_of_one_if_alive
from clv.history import WEEK, BuyingHistory
from clv.model import BuyingModel, ValueModel


def alive(model: BuyingModel, history: BuyingHistory, now: int) -> float:
    """The probability that a customer has not dropped out: above 0, at most 1.

    With x repeats, of which the last after t_x weeks, and k orders that were not the last one:

        1 / (1 + a / (b + k - 1) ((alpha + T) / (alpha + t_x))^(r + x))

    Fader, Hardie & Lee (2008), Computing P(alive) Using the BG/NBD Model; Batislam et al. (2007).
    """
    survivals = model.survivals(history.repeats)
    if not survivals:
        return 1.0
    waited = max(now - history.last_day, 0) / WEEK
    growth = math.log1p(waited / (model.alpha + history.recency))
    odds = math.log(model.a / (model.b + survivals - 1)) + (model.r + history.repeats) * growth
    return math.exp(-odds) / (1 + math.exp(-odds)) if odds > 0 else 1 / (1 + math.exp(odds))


def expected_orders(model: BuyingModel, history: BuyingHistory, now: int, within: int) -> float:
    """How many order days are expected in the next `within` µs: not negative.

    Formula (10) of Fader, Hardie & Lee (2005); see `clv.future`.
    """
    z = within / WEEK / (model.alpha + history.age(now))
    return alive(model, history, now) * orders_of_one_if_alive(model, history.repeats, z)


def expected_spend(model: ValueModel, history: BuyingHistory, now: int, currency: str) -> float:
    """CLV: what is expected to be spent in a currency within the model's horizon, in minor units.

    The expected order days, times what the customer spends on one by the Gamma-Gamma model. Who
    buys in several currencies is expected to go on using each as often as so far. 0 in a currency
    that the customer or the model does not know. Nothing is discounted.
    """
    spend, known = history.spend.get(currency), model.spend.get(currency)
    if spend is None or known is None:
        return 0.0
    share = spend.days / sum(each.days for each in history.spend.values())
    each_day = known.expected(spend.repeat_days, spend.repeat_mean)
    return expected_orders(model.buying, history, now, model.horizon) * share * each_day
