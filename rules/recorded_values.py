"""The values that rules ask for by name, as events have had them.

Categories, currencies and kinds of traits are kept as the names of fields are, each under a type of
its own that no event has. Of a trait the kind alone is kept and not the value, and what an event of
the shop's own calls a category, not of an article but of itself, may be anything: it is not kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any, NamedTuple

from contracts.currencies import CURRENCIES
from rules.field_names import Fields, named_purposes
from rules.fields import ARTICLE_EVENTS, mappings_in
from rules.language.calendar import birthday_of
from rules.language.comparison import is_number
from rules.language.shop import TraitKind

_CATEGORIES = "=categories"
_CURRENCIES = "=currencies"
_OF_KIND = {kind: f"=traits/{kind.name.lower()}" for kind in TraitKind}
_BEGINS_DATE = frozenset("-0123456789")
INCOMPLETE = "=incomplete"
"""Kept where events were recorded before a release that kept their values: a rebuild ends it."""


def recorded_names(event_type: str, data: Any) -> Iterator[tuple[str, Any]]:
    """(type, data) of which the names are kept: those of an event, and of what its values name."""
    yield event_type, named_purposes(event_type, data)
    if type(data) is not dict:
        return
    if "products" in data or "category" in data or "currency" in data:
        articles = mappings_in(data.get("products")) or ()
        categories: dict[str, None] = {}
        currencies: dict[str, None] = {}
        for each in (data, *articles) if event_type in ARTICLE_EVENTS else articles:
            if type(category := each.get("category")) is str:
                categories[category] = None
        for each in (data, *articles):
            if type(currency := each.get("currency")) is str and currency in CURRENCIES:
                currencies[currency] = None
        if categories:
            yield _CATEGORIES, categories
        if currencies:
            yield _CURRENCIES, currencies
    if event_type == "traits_changed" and type(data.get("traits")) is dict:
        for kind, traits in _by_kind(data["traits"]).items():
            yield _OF_KIND[kind], traits


class RecordedValues(NamedTuple):
    """The categories, currencies and traits of each kind that events have had; None: not known."""

    categories: frozenset[str] | None = None
    currencies: frozenset[str] | None = None
    trait_kinds: Mapping[TraitKind, Fields] | None = None


def take_recorded_values(fields: dict[str, Fields]) -> RecordedValues:
    """Take what is kept of values out of `fields`, in which the types of events are left."""
    kept = {each: fields.pop(each) for each in list(fields) if each.startswith("=")}
    if INCOMPLETE in kept:
        return RecordedValues()
    kinds = {kind: kept[of] for kind, of in _OF_KIND.items() if of in kept}
    return RecordedValues(
        kept.get(_CATEGORIES, {}).get(""),
        kept.get(_CURRENCIES, {}).get(""),
        kinds if all(kinds.values()) else None,  # without fields there are too many of them
    )


def _by_kind(traits: Mapping[str, Any]) -> dict[TraitKind, dict[str, Any]]:
    """By kind the traits that have a value of it, without the values."""
    found: dict[TraitKind, dict[str, Any]] = {}
    for name, value in traits.items():
        if type(value) is dict:
            for kind, inner in _by_kind(value).items():
                found.setdefault(kind, {})[name] = inner
        elif (kind_of := _kind_of(value)) is not None:
            found.setdefault(kind_of, {})[name] = None
    return found


def _kind_of(value: Any) -> TraitKind | None:
    if isinstance(value, str):
        may_be_date = value.lstrip()[:1] in _BEGINS_DATE  # most are not, and reading costs more
        is_date = may_be_date and birthday_of(value, UTC) is not None
        return TraitKind.DATE if is_date else TraitKind.TEXT
    if isinstance(value, bool):
        return TraitKind.TRUTH
    if is_number(value):
        return TraitKind.NUMBER
    return TraitKind.LIST if isinstance(value, list) else None
