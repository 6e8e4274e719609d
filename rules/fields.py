"""Fields of plain JSON, read leniently: None for what is absent or of another type."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from math import isfinite
from typing import Any

from chassis.core.errors import InvalidInput
from chassis.core.instants import parse_instant
from contracts.event_types import EVENT_TYPES, Product

Number = int | float

ARTICLE_EVENTS = frozenset(
    name for name, schema in EVENT_TYPES.items() if isinstance(schema, Product)
)
"""The types of events that are about one article: what they call a category is the article's."""


def text_or_none(value: Any) -> str | None:
    """The value if it is text."""
    return value if isinstance(value, str) else None


def purpose_name(text: str) -> str:
    """A purpose of consent as it is compared: `Email ` and `email` are one purpose."""
    return text.strip().lower()


def whole_or_none(value: Any) -> int | None:
    """The value if it is a whole number; True and False are not."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number_or_none(value: Any) -> Number | None:
    """The value if it is a number; a whole one without decimals, and none that is not finite."""
    if isinstance(value, float) and isfinite(value):
        return int(value) if value.is_integer() else value
    return whole_or_none(value)


def instant_or_none(value: Any) -> int | None:
    """Microseconds since the epoch of an RFC 3339 text, or of themselves."""
    if not isinstance(value, str):
        return whole_or_none(value)
    try:
        return parse_instant(value)
    except InvalidInput:
        return None


def mappings_in(value: Any) -> list[Mapping[str, Any]] | None:
    """The objects of a list; None if it is no list."""
    if not isinstance(value, list | tuple):
        return None
    return [each for each in value if isinstance(each, Mapping)]


def quantity_of(line: Mapping[str, Any]) -> Number:
    """How many pieces a line of an order or a cart is about: one if it does not say."""
    quantity = line.get("quantity")
    if type(quantity) is not int:
        quantity = number_or_none(quantity)
    return 1 if quantity is None else max(quantity, 0)


def add_up(numbers: Iterable[Number]) -> Number:
    """The sum, in decimals as people write them: of 0.1 and 0.2 it is 0.3."""
    terms = list(numbers)
    if all(type(term) is int for term in terms):
        return sum(terms)
    total = sum((Decimal(str(term)) for term in terms), Decimal(0))
    return int(total) if total == total.to_integral_value() else float(total)
