"""The loyalty programme of an offers.yaml."""

from __future__ import annotations

from chassis.config.yaml_document import Entry
from contracts.currencies import CURRENCIES
from rules.language.units import parse_duration
from services.offers.domain.loyalty import Earning, LedgerTerms, Programme, Tier

_MOST_POINTS = 1_000_000_000


def read_programme(entry: Entry) -> Programme:
    """The loyalty programme in `entry`."""
    fields = entry.record(required=("tiers", "earn"), optional=("ledger",))
    tiers: list[Tier] = []
    for item in fields["tiers"].items():
        tier = item.record(required=("name", "threshold"))
        name, threshold = tier["name"].word(), tier["threshold"].whole(0, _MOST_POINTS)
        if any(other.name == name for other in tiers):
            tier["name"].refuse(f"tier `{name}` appears twice; rename one")
        if tiers and threshold <= tiers[-1].threshold:
            tier["threshold"].refuse(
                f"must be above the tier before it, {tiers[-1].threshold}: list tiers lowest first"
            )
        tiers.append(Tier(name, threshold))
    if not tiers:
        fields["tiers"].refuse("must list at least one tier; else remove `loyalty`")
    ledger = _read_ledger(fields["ledger"]) if "ledger" in fields else None
    return Programme(tuple(tiers), _read_earnings(fields["earn"]), ledger)


def _read_ledger(entry: Entry) -> LedgerTerms:
    fields = entry.record(required=(), optional=("pending", "expiry"))
    return LedgerTerms(
        _read_duration(fields["pending"]) if "pending" in fields else 0,
        _read_duration(fields["expiry"]) if "expiry" in fields else None,
    )


def _read_duration(entry: Entry) -> int:
    try:
        return parse_duration(entry.text(20))
    except ValueError as error:
        entry.refuse(str(error))


def _read_earnings(entry: Entry) -> dict[str, Earning]:
    earnings: dict[str, Earning] = {}
    for currency, item in entry.fields().items():
        if currency not in CURRENCIES:
            item.refuse(f"`{currency}` must be an ISO 4217 code in capitals, such as EUR")
        earning = item.record(required=("points", "per"))
        earnings[currency] = Earning(
            earning["points"].whole(1, _MOST_POINTS), earning["per"].whole(1, _MOST_POINTS)
        )
    return earnings
