"""What offers does: it decides, records outcomes, and watches segments."""

from services.offers.commands.attempts import DecisionAttempt, seconds_left
from services.offers.commands.coupons import list_coupons, load_coupons
from services.offers.commands.deciding import (
    CatchUp,
    DecisionHandler,
    Upstream,
    open_decision_handler,
)
from services.offers.commands.exposing import ExposureKeeper, open_outcome_handler
from services.offers.commands.learning import StatisticsRegistry, count_outcomes
from services.offers.commands.outcomes import OutcomeHandler, OutcomeReader
from services.offers.commands.reservations import ReservationHandler, open_reservation_handler
from services.offers.commands.settling import settle_grants
from services.offers.commands.watching import refresh_halted, refresh_unreadable

__all__ = [
    "CatchUp",
    "DecisionAttempt",
    "DecisionHandler",
    "ExposureKeeper",
    "OutcomeHandler",
    "OutcomeReader",
    "ReservationHandler",
    "StatisticsRegistry",
    "Upstream",
    "count_outcomes",
    "list_coupons",
    "load_coupons",
    "open_decision_handler",
    "open_outcome_handler",
    "open_reservation_handler",
    "refresh_halted",
    "refresh_unreadable",
    "seconds_left",
    "settle_grants",
]
