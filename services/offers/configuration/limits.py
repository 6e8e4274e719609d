"""The caps and budgets of an offers.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import tzinfo

from chassis.config.yaml_document import Entry
from contracts.currencies import CURRENCIES
from rules.language.units import parse_duration
from services.offers.configuration.schedules import read_instant
from services.offers.domain.caps import (
    DEFAULT_HOLD,
    OFFER,
    SHOPPER,
    Budget,
    Cap,
    Cost,
    Limits,
    Pacing,
)

_MOST = 2**53


def read_limits(fields: Mapping[str, Entry], zone: tzinfo) -> Limits:
    """The limits in the fields of an offer, which may have neither caps nor a budget."""
    if "caps" not in fields and "budget" not in fields:
        for name in ("cost", "hold"):
            if name in fields:
                fields[name].refuse("is for offers with `caps` or a `budget`; remove it")
        return Limits()
    caps = [_read_cap(item) for item in fields["caps"].items()] if "caps" in fields else []
    if "caps" in fields and not caps:
        fields["caps"].refuse("must list at least one cap; else remove it")
    limits = Limits(
        caps=tuple(caps),
        budget=_read_budget(fields["budget"], zone) if "budget" in fields else None,
        cost=_read_cost(fields["cost"]) if "cost" in fields else None,
        hold=_read_duration(fields["hold"]) if "hold" in fields else DEFAULT_HOLD,
    )
    _check_currencies(limits, fields)
    return limits


def _read_cap(entry: Entry) -> Cap:
    fields = entry.record(required=("by",), optional=("most", "amount", "currency", "within"))
    by = fields["by"].choice((SHOPPER, OFFER))
    most, currency = _read_most(entry, fields, "most")
    within = None
    if "within" in fields and fields["within"].text(20) != "ever":
        within = _read_duration(fields["within"])
    return Cap(by, most, within, currency)


def _read_budget(entry: Entry, zone: tzinfo) -> Budget:
    fields = entry.record(required=(), optional=("count", "amount", "currency", "pacing"))
    most, currency = _read_most(entry, fields, "count")
    return Budget(
        most, currency, _read_pacing(fields["pacing"], zone) if "pacing" in fields else None
    )


def _read_most(entry: Entry, fields: Mapping[str, Entry], count: str) -> tuple[int, str | None]:
    """A number of grants, or an amount and its currency."""
    if (count in fields) == ("amount" in fields):
        entry.refuse(f"must have either `{count}`, a number of grants, or `amount` and `currency`")
    if count in fields:
        if "currency" in fields:
            fields["currency"].refuse("is for an `amount`; remove it")
        return fields[count].whole(1, _MOST), None
    if "currency" not in fields:
        entry.refuse("has an `amount`, in minor units; add its `currency`")
    return fields["amount"].whole(1, _MOST), _read_currency(fields["currency"])


def _read_pacing(entry: Entry, zone: tzinfo) -> Pacing:
    fields = entry.record(required=("from", "until"))
    begins_at, ends_at = read_instant(fields["from"], zone), read_instant(fields["until"], zone, 1)
    if begins_at >= ends_at:
        fields["until"].refuse("must be after `from`")
    return Pacing(begins_at, ends_at)


def _read_cost(entry: Entry) -> Cost:
    fields = entry.record(required=("amount", "currency"))
    return Cost(fields["amount"].whole(0, _MOST), _read_currency(fields["currency"]))


def _read_currency(entry: Entry) -> str:
    code = entry.text(64)
    if code not in CURRENCIES:
        entry.refuse(f"`{code}` must be an ISO 4217 code in capitals, such as EUR")
    return code


def _read_duration(entry: Entry) -> int:
    try:
        return parse_duration(entry.text(20))
    except ValueError as error:
        entry.refuse(str(error))


def _check_currencies(limits: Limits, fields: Mapping[str, Entry]) -> None:
    """All amounts of an offer are in one currency: what is granted has one amount."""
    found = {cap.currency for cap in limits.caps if cap.currency}
    if limits.budget and limits.budget.currency:
        found.add(limits.budget.currency)
    if len(found) > 1:
        where = fields.get("budget", fields.get("caps"))
        if where is not None:
            where.refuse(f"has amounts in {', '.join(sorted(found))}; give them in one currency")
    if limits.cost and found and limits.cost.currency not in found:
        fields["cost"].refuse(
            f"is in {limits.cost.currency}, the caps and the budget are in {', '.join(found)}"
        )
