"""Markets: where an offer may be shown, by what the request says of the country and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_DIMENSIONS = ("country", "currency", "store")


@dataclass(frozen=True, slots=True)
class Market:
    """A part of the shop's business; what is empty does not limit it.

    `countries` are ISO 3166 codes, `currencies` ISO 4217 codes, `stores` the shop's own names.
    """

    name: str
    countries: frozenset[str] = frozenset()
    currencies: frozenset[str] = frozenset()
    stores: frozenset[str] = frozenset()

    def includes(self, context: Mapping[str, Any]) -> bool:
        """Whether a request with this context is of the market; what it does not say is not."""
        wanted = (self.countries, self.currencies, self.stores)
        return all(
            not values or context.get(name) in values
            for name, values in zip(_DIMENSIONS, wanted, strict=True)
        )


def describe_market(context: Mapping[str, Any]) -> str:
    """Where a request comes from, for people."""
    parts = [f"{name} {context[name]}" for name in _DIMENSIONS if context.get(name) is not None]
    return ", ".join(parts) or "no country, currency or store"
