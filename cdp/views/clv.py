"""What `cdp clv` prints: a fitted model, a forecast beside what happened, a profile's values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cdp.views.report import facts_table, one_line, table_with, when
from clv.calibration import Calibration, CustomerGroup
from rules.language.units import decimals_of, show_money

_NAMES = {"mbg_nbd": "MBG/NBD", "bg_nbd": "BG/NBD"}
_PERCENTILES = (25, 50, 75, 90, 95, 99)


def model_view(model: Mapping[str, Any]) -> RenderableType:
    """A fitted model: its parameters, cut-offs and remarks."""
    buying = model["buying"]
    facts = {
        "model": f"{_NAMES[model['model']]}, fitted to orders until {when(model['as_of'])}",
        "customers": f"{buying['customers']:,}, of whom {buying['repeaters']:,} came back",
        "r, alpha, a, b": ", ".join(f"{buying[name]:.4g}" for name in ("r", "alpha", "a", "b")),
        "log-likelihood": f"{buying['log_likelihood']:,.1f}",
        "days": f"of {model['zone']}; CLV looks {model['horizon_days']} days ahead",
    }
    for spend in model["spend"]:
        mean = spend["p"] * spend["gamma"] / (spend["q"] - 1)
        facts[f"spend in {spend['currency']}"] = (
            f"p {spend['p']:.4g}, q {spend['q']:.4g}, gamma {spend['gamma']:.5g};"
            f" {show_money(round(mean), spend['currency'])} on an average order day"
        )
    parts: list[RenderableType] = [facts_table(facts), _cutoffs(model)]
    parts += _remarks(model["remarks"])
    return Group(*parts)


def _cutoffs(model: Mapping[str, Any]) -> Table:
    table = table_with("cut-off", *(f"{percent} %" for percent in _PERCENTILES))
    for cutoffs in model["cutoffs"]:
        values = [cutoffs["values"][percent - 1] for percent in _PERCENTILES]
        if cutoffs["value"] == "clv":
            cells = [show_money(round(value), model["currency"]) for value in values]
        else:
            cells = [f"{value:.3f}" for value in values]
        table.add_row(cutoffs["value"], *cells)
    return table


def _remarks(remarks: Iterable[str]) -> Sequence[Text]:
    return [Text(f"Look at this: {one_line(remark)}", style="yellow") for remark in remarks]


def calibration_view(compared: Calibration) -> RenderableType:
    """The forecast of the holdout beside what came, and the weeks of the fit before."""
    fitted, total = compared.fitted, compared.total
    currency = fitted.model.currency if fitted.model.currency in fitted.model.spend else None
    title = (
        f"{_NAMES[fitted.model.buying.dropout.value]}, fitted on {total.customers:,} customers up"
        f" to {_day(compared.last_day)}, compared until {_day(compared.end_day)}"
    )
    parts: list[RenderableType] = [
        Text(title, style="bold"),
        Text(
            f"Order days forecast {total.forecast_orders:,.0f}, actual {total.actual_orders:,}:"
            f" {_error(total.forecast_orders, total.actual_orders)}. The forecast of one customer"
            f" is off by {compared.mean_error:.2f} on average; the same number for everybody would"
            f" be by {compared.mean_error_of_mean:.2f}."
        ),
        _groups("repeats", compared.by_repeats, currency),
        _groups("tenth", compared.by_value, currency),
        _weeks(compared),
    ]
    parts += _remarks(fitted.remarks)
    return Group(*parts)


def _groups(title: str, groups: Sequence[CustomerGroup], currency: str | None) -> Table:
    money = (f"{currency} forecast", "actual", "error") if currency else ()
    table = table_with(title, "customers", "orders forecast", "actual", "error", *money)
    for column in table.columns[1:]:
        column.justify = "right"
    for group in groups:
        cells = [
            group.label,
            f"{group.customers:,}",
            f"{group.forecast_orders:,.1f}",
            f"{group.actual_orders:,}",
            _error(group.forecast_orders, group.actual_orders),
        ]
        if currency:
            cells += [
                _amount(group.forecast_spend, currency),
                _amount(group.actual_spend, currency),
                _error(group.forecast_spend, group.actual_spend),
            ]
        table.add_row(*cells)
    return table


def _weeks(compared: Calibration) -> Table:
    table = table_with("week from", "", "repeats forecast", "actual", "error")
    for column in table.columns[2:]:
        column.justify = "right"
    for week in compared.weeks:
        table.add_row(
            _day(week.first_day),
            "holdout" if week.is_holdout else "fitted",
            f"{week.forecast:,.1f}",
            f"{week.actual:,}",
            _error(week.forecast, week.actual),
        )
    return table


def calibration_json(compared: Calibration) -> dict[str, Any]:
    """The same as plain JSON."""
    buying = compared.fitted.buying.model
    return {
        "model": buying.dropout.value,
        "parameters": {name: getattr(buying, name) for name in ("r", "alpha", "a", "b")},
        "currency": compared.fitted.model.currency,
        "last_day": _day(compared.last_day),
        "end_day": _day(compared.end_day),
        "total": asdict(compared.total),
        "by_repeats": [asdict(group) for group in compared.by_repeats],
        "by_value": [asdict(group) for group in compared.by_value],
        "weeks": [{**asdict(week), "first_day": _day(week.first_day)} for week in compared.weeks],
        "mean_error": compared.mean_error,
        "mean_error_of_mean": compared.mean_error_of_mean,
        "remarks": list(compared.fitted.remarks),
    }


def values_view(response: Mapping[str, Any]) -> RenderableType:
    """What a profile is expected to buy."""
    facts: dict[str, object] = {"profile": response["profile_id"], "order days": "none"}
    if response["order_days"]:
        days = f"{response['order_days']:,}, from {response['first_day']}"
        facts["order days"] = f"{days} to {response['last_day']}"
    if response["version"] is None:
        facts["values"] = "none yet: no model is fitted; `cdp clv fit` does it"
    elif response["alive"] is None:
        facts["values"] = "none: only customers with orders have them"
    else:
        facts |= _values(response)
    return facts_table(facts)


def _values(response: Mapping[str, Any]) -> dict[str, object]:
    horizon = response["horizon_days"]
    facts: dict[str, object] = {
        "alive": f"{response['alive']:.1%}",
        f"expected in {horizon} days": f"{response['expected_orders']:.2f} order days",
    }
    for value in response["clv"]:
        facts[f"CLV in {value['currency']}"] = show_money(value["clv"], value["currency"])
    if response["percentile"] is not None:
        facts["percentile of CLV"] = response["percentile"]
    lapses = response["lapses_at"]
    facts["lapses"] = (
        "alive is below one half, or never will be"
        if lapses is None
        else f"{when(lapses)}, unless they buy"
    )
    facts["by model"] = f"version {response['version']}, at {when(response['as_of'])}"
    return facts


def _day(day: int) -> str:
    return date.fromordinal(day).isoformat()


def _amount(minor: float, currency: str) -> str:
    """In whole major units, for a column that names the currency."""
    return f"{minor / 10 ** decimals_of(currency):,.0f}"


def _error(forecast: float, actual: float) -> str:
    return f"{(forecast - actual) / actual:+.0%}" if actual else ""
