"""The fitted model of customer lifetime value: as it is stored and published, and what it gives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from chassis import DAY
from clv import (
    BuyingHistory,
    BuyingModel,
    Cutoffs,
    Dropout,
    FittedModel,
    ProfileValues,
    SpendModel,
    ValueModel,
    alive,
    expected_orders,
    expected_spend,
    next_crossing,
)
from clv.fitting import BuyingFit, SpendFit
from clv.history import day_of
from rules import Summary
from rules.language.units import decimals_of
from rules.summary.book import StandingOrder

LAPSED = 0.5


@dataclass(frozen=True, slots=True)
class VersionedModel:
    """A fitted model with its version, and the time zone whose days are order days."""

    version: int
    zone_name: str
    fitted: FittedModel

    @property
    def zone(self) -> tzinfo:
        """The time zone."""
        return UTC if self.zone_name == "UTC" else ZoneInfo(self.zone_name)


@dataclass(frozen=True, slots=True)
class SummaryOrders:
    """The standing orders of a summary, as `clv.OrderTimeline` asks for them."""

    summary: Summary
    zone: tzinfo

    def orders(self, now: int) -> Sequence[StandingOrder]:
        """Those that stand at `now`; older ones may be added up by day."""
        return self.summary.book(now).by_day(self.zone)

    def next_change(self, now: int) -> int | None:
        """When others stand without a new event."""
        return self.summary.book(now).next_change


def profile_values(model: VersionedModel, summary: Summary) -> ProfileValues:
    """What rules read of a profile, by a model."""
    fitted = model.fitted
    decimals = decimals_of(fitted.model.currency or "")
    return ProfileValues(
        fitted.model, fitted.cutoffs, SummaryOrders(summary, model.zone), model.zone, decimals
    )


def give_values(model: VersionedModel | None, summaries: Iterable[Summary]) -> None:
    """Let summaries of profiles have the values of a model, for rules that read them."""
    if model is not None:
        for summary in summaries:
            summary.values = profile_values(model, summary)


def to_plain(model: VersionedModel) -> dict[str, Any]:
    """The model as `contracts.value_model.ValueModelFitted` loads it: `as_of` is in µs."""
    fitted, buying = model.fitted, model.fitted.buying
    return {
        "version": model.version,
        "model": buying.model.dropout.value,
        "as_of": fitted.as_of,
        "zone": model.zone_name,
        "horizon_days": fitted.model.horizon // DAY,
        "currency": fitted.model.currency,
        "buying": {
            "r": buying.model.r,
            "alpha": buying.model.alpha,
            "a": buying.model.a,
            "b": buying.model.b,
            "customers": buying.customers,
            "repeaters": buying.repeaters,
            "log_likelihood": buying.log_likelihood,
            "at_edge": buying.is_bounded,
        },
        "spend": [
            {
                "currency": currency,
                "p": fit.model.p,
                "q": fit.model.q,
                "gamma": fit.model.gamma,
                "repeaters": fit.repeaters,
                "log_likelihood": fit.log_likelihood,
                "correlation": fit.correlation,
                "at_edge": fit.is_bounded,
            }
            for currency, fit in sorted(fitted.spend.items())
        ],
        "cutoffs": [
            {"value": name, "values": list(cutoffs.values)}
            for name, cutoffs in sorted(fitted.cutoffs.items())
        ],
        "band": fitted.cutoffs["alive"].band,
        "remarks": list(fitted.remarks),
    }


def from_plain(plain: Mapping[str, Any]) -> VersionedModel:
    """The model that `to_plain` made this of."""
    buying, band = plain["buying"], plain["band"]
    model = BuyingModel(
        Dropout(plain["model"]), *(buying[name] for name in ("r", "alpha", "a", "b"))
    )
    buying_fit = BuyingFit(
        model,
        buying["log_likelihood"],
        buying["customers"],
        buying["repeaters"],
        buying["at_edge"],
    )
    spend = {
        each["currency"]: SpendFit(
            SpendModel(each["p"], each["q"], each["gamma"]),
            each["log_likelihood"],
            each["repeaters"],
            each["correlation"],
            each["at_edge"],
        )
        for each in plain["spend"]
    }
    values = ValueModel(
        model,
        {currency: fit.model for currency, fit in spend.items()},
        plain["horizon_days"] * DAY,
        plain["currency"],
    )
    cutoffs = {each["value"]: Cutoffs(tuple(each["values"]), band) for each in plain["cutoffs"]}
    fitted = FittedModel(
        values, plain["as_of"], buying_fit, spend, cutoffs, tuple(plain["remarks"])
    )
    return VersionedModel(plain["version"], plain["zone"], fitted)


def show_values(
    profile_id: str, summary: Summary, model: VersionedModel | None, now: int
) -> dict[str, Any]:
    """A profile's values at `now`, as `contracts.value_model.ValuesResponse` dumps them."""
    zone = UTC if model is None else model.zone
    history = BuyingHistory.of(summary.book(now).by_day(zone), zone)
    response: dict[str, Any] = {
        "profile_id": profile_id,
        "version": None if model is None else model.version,
        "horizon_days": None if model is None else model.fitted.model.horizon // DAY,
        "order_days": 0 if history is None else history.repeats + 1,
        "first_day": None,
        "last_day": None,
        "alive": None,
        "expected_orders": None,
        "clv": [],
        "percentile": None,
        "lapses_at": None,
        "as_of": now,
    }
    if history is not None:
        last = day_of(history.last_day, zone)
        response["first_day"] = date.fromordinal(last - history.recency_days).isoformat()
        response["last_day"] = date.fromordinal(last).isoformat()
        if model is not None:
            response |= _values(model.fitted, history, now)
    return response


def _values(fitted: FittedModel, history: BuyingHistory, now: int) -> dict[str, Any]:
    model = fitted.model
    spend = {
        currency: expected_spend(model, history, now, currency)
        for currency in sorted(model.spend.keys() & history.spend.keys())
    }
    ranked = fitted.cutoffs.get("clv")
    own = spend.get(model.currency or "", 0.0)
    return {
        "alive": alive(model.buying, history, now),
        "expected_orders": expected_orders(model.buying, history, now, model.horizon),
        "clv": [{"currency": each, "clv": round(amount)} for each, amount in spend.items()],
        "percentile": None if ranked is None else ranked.percentile(own),
        "lapses_at": next_crossing(lambda at: alive(model.buying, history, at), now, LAPSED),
    }
