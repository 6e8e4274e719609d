"""The values of one profile as rules read them: by name, at an instant, with their crossings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import Protocol

from clv.crossing import LAST, Value, next_crossing
from clv.cutoffs import Cutoffs
from clv.history import BuyingHistory, PaidOrder
from clv.model import ValueModel
from clv.values import alive, expected_orders, expected_spend

_MOST_CHANGES = 100


class OrderTimeline(Protocol):
    """The standing orders of a profile at each instant."""

    def orders(self, now: int) -> Sequence[PaidOrder]:
        """Those that stand at `now`."""
        ...

    def next_change(self, now: int) -> int | None:
        """When others stand without a new event, as some are dated ahead; None: never."""
        ...


class ProfileValues:
    """The values "alive", "expected_orders" and "clv" of a profile, by one model.

    `clv` and its cut-offs are in major units of the model's currency, of `decimals` decimals. A
    profile without orders has no values. It is what `rules.values.Values` asks for.
    """

    __slots__ = ("_cutoffs", "_histories", "_model", "_orders", "_unit", "_zone", "decimals")

    def __init__(
        self,
        model: ValueModel,
        cutoffs: Mapping[str, Cutoffs],
        orders: OrderTimeline,
        zone: tzinfo,
        decimals: int = 2,
    ) -> None:
        self._model = model
        self._cutoffs = cutoffs
        self._orders = orders
        self._zone = zone
        self.decimals = decimals
        self._unit = 10**decimals
        self._histories: tuple[int, int | None, BuyingHistory | None] | None = None

    def value(self, name: str, within: int | None, now: int) -> float | None:
        """The value at `now`; `within` (µs) is for `expected_orders`. None if there is none."""
        history = self._known(name, now)
        return None if history is None else self._function(name, within, history)(now)

    def crossing(self, name: str, within: int | None, now: int, bound: float) -> int | None:
        """The first µs after `now` at which the value compares otherwise with `bound`; None: never.

        Between two changes of the standing orders the value falls, and the crossing is solved.
        """
        before = self._compare(name, within, now, bound)
        for _ in range(_MOST_CHANGES):
            history, change = self._known(name, now), self._orders.next_change(now)
            if history is not None:
                value = self._function(name, within, history)
                found = next_crossing(value, now, bound)
                if found is not None and (change is None or found < change):
                    return found
            if change is None or change >= LAST:
                return None
            if self._compare(name, within, change, bound) != before:
                return change
            now = change
        return now

    def cutoff(self, name: str, percent: float) -> float | None:
        """The value that so many percent of all customers do not exceed; None without a fit."""
        cutoffs = self._cutoffs.get(name)
        if cutoffs is None:
            return None
        return cutoffs.at(percent) / (self._unit if name == "clv" else 1)

    def _function(self, name: str, within: int | None, history: BuyingHistory) -> Value:
        functions: Mapping[str, Callable[[int], float]] = {
            "alive": lambda at: alive(self._model.buying, history, at),
            "expected_orders": lambda at: expected_orders(
                self._model.buying, history, at, within or self._model.horizon
            ),
            "clv": lambda at: (
                expected_spend(self._model, history, at, self._model.currency or "") / self._unit
            ),
        }
        return functions[name]

    def _compare(self, name: str, within: int | None, now: int, bound: float) -> int | None:
        value = self.value(name, within, now)
        return None if value is None else (value > bound) - (value < bound)

    def _known(self, name: str, now: int) -> BuyingHistory | None:
        """The history that a value is computed of; None if spend has no model, for "clv"."""
        if name == "clv" and self._model.currency not in self._model.spend:
            return None
        return self._history(now)

    def _history(self, now: int) -> BuyingHistory | None:
        """The history at `now`; it stays the same until the standing orders change."""
        if self._histories is not None:
            start, end, history = self._histories
            if start <= now and (end is None or now < end):
                return history
        history = BuyingHistory.of(self._orders.orders(now), self._zone)
        self._histories = now, self._orders.next_change(now), history
        return history
