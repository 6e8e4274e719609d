"""The state of a summary, in nothing but plain JSON types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class SummaryState:
    """Instants are microseconds since the epoch, money is in minor units.

    Lists that begin with `[time, event id, …]` are ordered by these: the last one is kept.
    """

    types: dict[str, list[Any]] = field(default_factory=dict)
    """{type: [count, first instant, [newest instants, ascending]]}"""
    traits: dict[str, list[Any]] = field(default_factory=dict)
    """{name: [time, event id, value]}"""
    consent: dict[str, list[Any]] = field(default_factory=dict)
    """{purpose: [time, event id, granted]}"""
    orders: dict[str, list[Any]] = field(default_factory=dict)
    """{order id: [time, event id, revenue, currency, items, {category: items}]}"""
    refunds: dict[str, dict[str, list[Any]]] = field(default_factory=dict)
    """{order id: {event id: [time, amount, currency]}}; the amount None is the whole revenue"""
    cancelled: dict[str, int] = field(default_factory=dict)
    """{order id: first cancellation}"""
    cart: list[Any] = field(default_factory=list)
    """[time, event id, value, currency, items], empty without a cart"""
    points: int = 0

    def dump(self) -> dict[str, Any]:
        """The parts that are not empty; they are shared with this state, so only read them."""
        return {name: part for name in _PARTS if (part := getattr(self, name))}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> SummaryState:
        """The state in a dump, whose parts it takes over."""
        return cls(**dumped)


_PARTS = tuple(part.name for part in fields(SummaryState))


def keep_last(values: dict[str, list[Any]], key: str, value: list[Any]) -> None:
    """Keep the later of the two values, by time and then by event id."""
    old = values.get(key)
    if old is None or (value[0], value[1]) > (old[0], old[1]):
        values[key] = value
