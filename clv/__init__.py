"""Customer lifetime value: how often a customer will still buy, and what that is worth. Pure.

    history = BuyingHistory.of(orders, ZoneInfo("Europe/Berlin"))   # days on which somebody bought
    alive(model.buying, history, now)                               # between 0 and 1
    expected_orders(model.buying, history, now, within)             # a number of order days
    expected_spend(model, history, now, "EUR")                      # minor units
    next_crossing(lambda at: alive(model.buying, history, at), now, 0.5)    # µs, or None

`estimate` fits the models to the histories of all customers, `batch` computes values of many
histories at once, `calibrate` compares forecasts with what happened, and `ProfileValues` is what
rules ask. Time, histories and parameters are arguments; nothing here reads a clock, a file or a
database. scipy takes a third of a second to import: the functions that compute with it do so, and
a process that knows no model never does.

How often: Fader, Hardie & Lee (2005), "Counting Your Customers" the Easy Way (BG/NBD), Marketing
Science 24(2); Batislam, Denizel & Filiztekin (2007), Empirical validation and comparison of models
for customer base analysis (MBG/NBD), International Journal of Research in Marketing 24(3). What it
is worth: Fader & Hardie (2013), The Gamma-Gamma Model of Monetary Value.
"""

from clv.calibration import Calibration, calibrate
from clv.crossing import next_crossing
from clv.cutoffs import Cutoffs
from clv.estimation import FitSettings, FittedModel, estimate
from clv.history import BuyingHistory, OrderDays
from clv.model import BuyingModel, Dropout, SpendModel, ValueModel
from clv.profile_values import OrderTimeline, ProfileValues
from clv.values import alive, expected_orders, expected_spend

__all__ = [
    "BuyingHistory",
    "BuyingModel",
    "Calibration",
    "Cutoffs",
    "Dropout",
    "FitSettings",
    "FittedModel",
    "OrderDays",
    "OrderTimeline",
    "ProfileValues",
    "SpendModel",
    "ValueModel",
    "alive",
    "calibrate",
    "estimate",
    "expected_orders",
    "expected_spend",
    "next_crossing",
]
