"""Values that a model gives a profile, such as its customer lifetime value, and their cut-offs."""

from __future__ import annotations

from typing import Protocol

MODEL_VALUES = frozenset({"alive", "clv", "expected_orders"})
"""What rules ask of a model:

- `clv`: the customer lifetime value, in major units of the shop's currency
- `alive`: the probability that the shopper buys again, from 0 to 1
- `expected_orders`: how many orders are expected within a time
"""


class Values(Protocol):
    """The values of a profile, as functions of its orders and of time."""

    @property
    def decimals(self) -> int:
        """How many decimals the currency of `clv` has."""
        ...

    def value(self, name: str, within: int | None, now: int) -> float | None:
        """The value at `now`; `within` (µs) is for `expected_orders`. None if nothing is fitted."""
        ...

    def crossing(self, name: str, within: int | None, now: int, bound: float) -> int | None:
        """The first instant after `now` at which the value compares otherwise with `bound`.

        Whether it is less, equal or more may then have changed without a new event; None: never.
        """
        ...

    def cutoff(self, name: str, percent: float) -> float | None:
        """The value that so many percent of all shoppers do not reach; None without a fit."""
        ...


class NoValues:
    """Nothing is fitted."""

    decimals = 2

    def value(self, name: str, within: int | None, now: int) -> float | None:  # noqa: ARG002
        """None."""
        return None

    def crossing(
        self,
        name: str,  # noqa: ARG002
        within: int | None,  # noqa: ARG002
        now: int,  # noqa: ARG002
        bound: float,  # noqa: ARG002
    ) -> int | None:
        """None."""
        return None

    def cutoff(self, name: str, percent: float) -> float | None:  # noqa: ARG002
        """None."""
        return None


NO_VALUES: Values = NoValues()
