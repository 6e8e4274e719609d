"""What a rule reads of a shopper: what an index of rules by their inputs is built on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import reduce
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Reads:
    """The inputs of a rule: without a change of one of them only time changes its value.

    - `event_types`: the types of events whose times and counts it reads
    - `orders`, `cart`, `points`: whether it reads the standing orders, the last cart, the points
    - `traits`, `consent`: the traits by their first names, and the purposes
    - `trait_paths`: where in the traits it reads, if it is a rule of offers
    - `segments`: the other segments whose members it asks for
    - `values`: the values of a model that it asks for, such as "clv"
    - `facts`: the types of events of which it reads the data, with the longest window in µs that
      it looks back; None is all time
    """

    event_types: frozenset[str] = frozenset()
    orders: bool = False
    cart: bool = False
    points: bool = False
    traits: frozenset[str] = frozenset()
    consent: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    values: frozenset[str] = frozenset()
    facts: Mapping[str, int | None] = field(default_factory=lambda: MappingProxyType({}))
    trait_paths: frozenset[tuple[str, ...]] = frozenset()

    def __or__(self, other: Reads) -> Reads:
        """The inputs of both."""
        facts = dict(self.facts)
        for event_type, window in other.facts.items():
            mine = facts.get(event_type, 0)
            facts[event_type] = None if mine is None or window is None else max(mine, window)
        return Reads(
            self.event_types | other.event_types,
            self.orders or other.orders,
            self.cart or other.cart,
            self.points or other.points,
            self.traits | other.traits,
            self.consent | other.consent,
            self.segments | other.segments,
            self.values | other.values,
            MappingProxyType(facts),
            self.trait_paths | other.trait_paths,
        )

    def includes(self, other: Reads) -> bool:
        """Whether rules of offers that read this of a shopper have read all that `other` says."""
        paths = self.trait_paths
        return (
            other.segments <= self.segments
            and other.consent <= self.consent
            and other.points <= self.points
            and all(
                any(path[:length] in paths for length in range(1, len(path) + 1))
                for path in other.trait_paths
            )
        )


NOTHING = Reads()


def union(parts: Iterable[Reads]) -> Reads:
    """The inputs of all parts."""
    return reduce(Reads.__or__, parts, NOTHING)
