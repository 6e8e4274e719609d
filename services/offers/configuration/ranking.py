"""The rankings of an offers.yaml: how a slot puts its eligible offers in order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from chassis.config.yaml_document import Entry
from contracts.currencies import CURRENCIES
from contracts.offers import Referrer
from rules import ELIGIBILITY_VOCABULARY, Formula, RuleError, Situation, Vocabulary, compile_formula
from rules.language.terms import Kind, Term
from rules.language.vocabulary import Namespace
from services.offers.domain.catalogue import Offer, Slot
from services.offers.domain.cells import FEATURES, Cells
from services.offers.domain.ranking import (
    METHODS,
    SUCCESSES,
    BanditRanking,
    FormulaRanking,
    Ranking,
)

_SETTINGS = (
    "success", "floor", "weight", "exploitation", "explore", "cells", "baskets", "referrers",
)  # fmt: skip
_MOST_BOUNDS = 10
_MOST_VALUE = 1_000_000_000_000
_REFERRER = Referrer()


def read_numbers(entry: Entry) -> dict[str, int | float]:
    """The numbers of an offer by their names, for formulas."""
    return {
        name: _number(item, -1e9, 1e9, "a number, such as 12 or 0.5")
        for name, item in entry.named().items()
    }


def with_ranking(slot: Slot, entry: Entry | None) -> Slot:
    """The slot with the ranking in `entry`: `priority`, `{formula: …}` or `{bandit: {…}}`."""
    if entry is None:
        return slot
    ranking = _read(entry, slot)
    return slot if ranking is None else slot.ranked_by(ranking)


def _read(entry: Entry, slot: Slot) -> Ranking | None:
    if not entry.is_mapping():
        entry.choice(("priority",))
        return None
    fields = entry.record(required=(), optional=("formula", "bandit"))
    if len(fields) != 1:
        entry.refuse("is `priority`, or has one of `formula` and `bandit`")
    if "bandit" in fields:
        return _read_bandit(fields["bandit"])
    text = fields["formula"].text()
    return FormulaRanking(
        text, {each.id: _compile(fields["formula"], each) for each in slot.offers}
    )


def _compile(entry: Entry, offer: Offer) -> Formula[Situation]:
    """The formula for one offer, whose priority and numbers are fixed in it."""
    try:
        return compile_formula(entry.text(), _vocabulary(offer))
    except RuleError as error:
        entry.refuse(f"formula refused for `{offer.id}`: {error}")


def _vocabulary(offer: Offer) -> Vocabulary[Situation]:
    """What formulas can say: what rules can, and what the offer is."""
    numbers = {name: _fixed(name, value) for name, value in offer.numbers.items()}
    words = ELIGIBILITY_VOCABULARY
    return replace(
        words,
        names={**words.names, "priority": _fixed("priority", offer.priority)},
        namespaces={**words.namespaces, "offer": Namespace(numbers)},
        hints={**words.hints, "margin": "write offer.margin, and give each offer its `numbers`"},
    )


def _fixed(name: str, value: float) -> Term[Situation]:
    return Term(Kind.NUMBER, f"the offer's {name}", lambda _facts, _now: value, whole=False)


def _read_bandit(entry: Entry) -> BanditRanking:
    fields = entry.record(required=("method",), optional=_SETTINGS)
    method = fields["method"].choice(METHODS)
    if "exploitation" in fields and method != "igw":
        fields["exploitation"].refuse("is for `method: igw`; leave it out")
    default = BanditRanking(method)
    return BanditRanking(
        method=method,
        success=fields["success"].choice(SUCCESSES) if "success" in fields else default.success,
        floor=_optional(fields, "floor", (0.0001, 0.9999), "a rate between 0 and 1, such as 0.01"),
        weight=_optional(fields, "weight", (1, 1e6), "a number of outcomes from 1, such as 40")
        or default.weight,
        exploitation=_optional(fields, "exploitation", (0.01, 1e3), "a number such as 3")
        or default.exploitation,
        explore=_optional(fields, "explore", (0, 1), "a share between 0 and 1, such as 0.05")
        or default.explore,
        cells=_read_cells(fields),
    )


def _read_cells(fields: Mapping[str, Entry]) -> Cells:
    features: tuple[str, ...] = FEATURES
    if "cells" in fields:
        named = [item.choice(FEATURES) for item in fields["cells"].items()]
        if len(set(named)) < len(named):
            fields["cells"].refuse("names one twice; leave one out")
        features = tuple(named)
    for name, feature in (("baskets", "basket"), ("referrers", "referral")):
        if name in fields and feature not in features:
            fields[name].refuse(f"is of no use: `cells` has no `{feature}`")
    baskets = _read_baskets(fields["baskets"]) if "baskets" in fields else {}
    referrers = fields["referrers"].items() if "referrers" in fields else []
    return Cells(features, baskets, frozenset(_read_host(item) for item in referrers))


def _read_host(entry: Entry) -> str:
    """A host as requests are read: in small letters and without `www.`, else none would match."""
    text = entry.text(253).lower()
    host = _REFERRER.read(text)
    if host != text:
        fix = "such as running-club.example" if host is None else f"write `{host}`"
        entry.refuse(
            f"`{text}` must be a host as requests are read, without `www.` and path; {fix}"
        )
    return text


def _read_baskets(entry: Entry) -> dict[str, tuple[int, ...]]:
    baskets = {}
    for currency, item in entry.fields().items():
        if currency not in CURRENCIES:
            item.refuse(f"`{currency}` is no ISO 4217 currency code such as EUR")
        bounds = [bound.whole(1, _MOST_VALUE) for bound in item.items()]
        if bounds != sorted(set(bounds)) or not 1 <= len(bounds) <= _MOST_BOUNDS:
            item.refuse(f"must list 1 to {_MOST_BOUNDS} values in minor units, the lowest first")
        baskets[currency] = tuple(bounds)
    return baskets


def _optional(
    fields: Mapping[str, Entry], name: str, bounds: tuple[float, float], what: str
) -> float | None:
    return _number(fields[name], *bounds, what) if name in fields else None


def _number(entry: Entry, least: float, most: float, what: str) -> int | float:
    value = entry.scalar()
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        entry.refuse(f"must be {what}")
    return value
