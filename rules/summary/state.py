"""The plain state of a summary: nothing in it that JSON does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class SummaryState:
    """Instants are microseconds since the epoch, money is in minor units.

    `[time, event id, …]` at the head of a list says when it was told: the last one is kept.
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
    """[time, event id, value, currency, items], empty when there was none"""
    points: int = 0

    def dump(self) -> dict[str, Any]:
        """The parts that hold something; they are shared with this state, so only read them."""
        return {name: part for name in _PARTS if (part := getattr(self, name))}

    @classmethod
    def load(cls, dumped: Mapping[str, Any]) -> SummaryState:
        """The state of what was dumped, which it takes over."""
        return cls(**dumped)


_PARTS = tuple(part.name for part in fields(SummaryState))


def keep_last(known: dict[str, list[Any]], key: str, told: list[Any]) -> None:
    """Keep the value told later, by time and then by event id."""
    old = known.get(key)
    if old is None or (told[0], told[1]) > (old[0], old[1]):
        known[key] = told
