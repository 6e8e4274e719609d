"""Terms over engagement: events that count the less, the longer ago they are.

After a half-life an event counts half. Between events the score falls by a closed form, so it is
known when it crosses a bound. A share of two such scores stands still until the next event.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from chassis.core.instants import DAY, HOUR
from rules.fields import mappings_in
from rules.language.conditions import Condition
from rules.language.curves import Curve, Trend
from rules.language.data import Element, where_words
from rules.language.reads import union
from rules.language.terms import Kind, Term
from rules.language.units import describe_duration
from rules.summary.summary import Summary
from rules.vocabularies.aggregate_terms import matching, reads_facts

WEIGHTS: Mapping[str, int] = {"product_viewed": 1, "cart_updated": 3, "order_completed": 5}
"""How much an event of each type counts for what a shopper likes."""
_DEFAULT = 30 * DAY
_LONGEST = 3_650 * DAY


@dataclass(slots=True)
class Decaying:
    """The sum of (instant, weight) pairs, ascending, each halved with every half-life."""

    weighted: Sequence[tuple[int, int]]
    half_life: int
    come: int = 0
    score: float = 0.0
    since: int = 0

    def value(self, at: int) -> float:
        while self.come < len(self.weighted) and self.weighted[self.come][0] <= at:
            instant, weight = self.weighted[self.come]
            self.score = self._decayed(instant) + weight
            self.since = instant
            self.come += 1
        return self._decayed(at)

    def next(self, at: int) -> int | None:
        return next((instant for instant, _ in self.weighted[self.come :] if instant > at), None)

    def _decayed(self, at: int) -> float:
        return self.score * 2.0 ** (-(at - self.since) / self.half_life) if self.score else 0.0


def engagement(
    event: str, where: Condition[Element] | None = None, half_life: int = _DEFAULT
) -> Term[Summary]:
    """How many events there are, each counted the less, the longer ago it is."""
    _check(half_life)

    def curve(summary: Summary, _now: int) -> Curve:
        return Decaying([(fact.at, 1) for fact in matching(summary, event, where)], half_life)

    return Term(
        Kind.NUMBER,
        f"the engagement by {event} events{where_words(where)}"
        f" with a half-life of {describe_duration(half_life)}",
        lambda summary, now: curve(summary, now).value(now),
        missable=False,
        trend=Trend.MONOTONE,
        curve=curve,
        whole=False,
        range=(0, None),
        reads=reads_facts(event),
    )


def affinity(
    category: str | None = None, brand: str | None = None, half_life: int = _DEFAULT
) -> Term[Summary]:
    """The part, from 0 to 1, of the engagement that is with a category or a brand."""
    _check(half_life)
    if (category is None) is (brand is None):
        raise ValueError('affinity takes a category or a brand: write affinity(category="running")')
    name, wanted = ("category", category) if brand is None else ("brand", brand)

    def curve(summary: Summary, _now: int) -> Curve:
        every: list[tuple[int, int]] = []
        liked: list[tuple[int, int]] = []
        for event, weight in WEIGHTS.items():
            for fact in summary.facts.events(event):
                values = set(_values(fact.data, name))
                if values:
                    every.append((fact.at, weight))
                if wanted in values:
                    liked.append((fact.at, weight))
        return _Share(sorted(liked), sorted(every), half_life)

    return Term(
        Kind.NUMBER,
        f'the affinity to the {name} "{wanted}" with a half-life of {describe_duration(half_life)}',
        lambda summary, now: curve(summary, now).value(now),
        curve=curve,
        whole=False,
        range=(0, 1),
        reads=union(reads_facts(event) for event in WEIGHTS),
    )


@dataclass(slots=True)
class _Share:
    """A share of one decaying sum in another: it is taken when the last event came."""

    liked: Sequence[tuple[int, int]]
    every: Sequence[tuple[int, int]]
    half_life: int

    def value(self, at: int) -> float | None:
        newest = max((instant for instant, _ in self.every if instant <= at), default=None)
        if newest is None:
            return None
        part, whole = (
            Decaying(weighted, self.half_life).value(newest)
            for weighted in (self.liked, self.every)
        )
        return part / whole

    def next(self, at: int) -> int | None:
        return min((instant for instant, _ in self.every if instant > at), default=None)


def _values(data: Any, name: str) -> Iterable[str]:
    """The categories or brands of an event: its own, and those of its products."""
    if isinstance(data, Mapping):
        for each in (data, *(mappings_in(data.get("products")) or ())):
            value = each.get(name)
            if isinstance(value, str):
                yield value


def _check(half_life: int) -> None:
    if not HOUR <= half_life <= _LONGEST:
        raise ValueError('a half-life is from "1h" to "3650d"')
