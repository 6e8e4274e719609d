"""Affinity: the articles of a basket beside which an offer makes sense."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from services.offers.domain.variables import bounded


@dataclass(frozen=True, slots=True)
class Affinity:
    """Articles, by their categories or by themselves."""

    categories: frozenset[str] = frozenset()
    skus: frozenset[str] = frozenset()

    def article(self, items: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
        """The first line of the basket with such an article; None if there is none."""
        return next(
            (
                item
                for item in items
                if item.get("sku") in self.skus or item.get("category") in self.categories
            ),
            None,
        )


def name_of(article: Mapping[str, Any] | None) -> str | None:
    """What shoppers call an article: its name, else its category; None if it has neither."""
    if article is None:
        return None
    return bounded(article.get("name")) or bounded(article.get("category"))
