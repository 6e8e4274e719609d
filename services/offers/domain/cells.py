"""Cells: the kinds of requests for which outcomes are counted, from coarse to fine.

A cell is named by what it says of a request, such as `category=shoes|device=mobile`; the cell of
everything has the empty name. Each lies in the coarser ones that its name begins with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

EVERYTHING = ""
FEATURES = ("category", "basket", "device", "referral")
_DEVICES = frozenset({"mobile", "tablet", "desktop"})
_NONE, _OTHER = "none", "other"
_LONGEST = 64
_BETWEEN, _INSTEAD = "|", "/"


@dataclass(frozen=True, slots=True)
class Cells:
    """How requests fall into cells: by these of the `FEATURES`, in this order.

    `baskets` has the lower bounds of the bands of the basket's value in minor units by currency,
    ascending, and `referrers` the hosts that have a cell of their own.
    """

    features: Sequence[str] = FEATURES
    baskets: Mapping[str, Sequence[int]] = field(default_factory=dict)
    referrers: frozenset[str] = frozenset()

    def of(
        self, context: Mapping[str, Any], is_kept: Callable[[str], bool] = lambda _category: True
    ) -> str:
        """The finest cell of a request with this context.

        `is_kept(category)` is whether that category has a cell of its own.
        """
        category = _category(context)
        values = {
            "category": category if category == _NONE or is_kept(category) else _OTHER,
            "basket": self._basket(context),
            "device": _device(context),
            "referral": self._referral(context),
        }
        return _BETWEEN.join(f"{name}={values[name]}" for name in self.features)

    def _basket(self, context: Mapping[str, Any]) -> str:
        value, currency = context.get("value"), context.get("currency")
        if value is None or currency is None:
            return _NONE
        bounds = self.baskets.get(currency)
        if bounds is None:
            return _OTHER
        return f"{currency}>={max((bound for bound in bounds if bound <= value), default=0)}"

    def _referral(self, context: Mapping[str, Any]) -> str:
        referrer = context.get("referrer")
        if not referrer:
            return _NONE
        return referrer if referrer in self.referrers else _OTHER


def category_in(cell: str) -> str | None:
    """The category that a cell says; None if it says none."""
    parts = (part.partition("=") for part in cell.split(_BETWEEN))
    return next((value for name, _, value in parts if name == "category"), None)


def coarser(cell: str) -> list[str]:
    """The cells in which a cell lies, the coarsest first and itself last."""
    if cell == EVERYTHING:
        return [EVERYTHING]
    names = cell.split(_BETWEEN)
    return [EVERYTHING, *accumulate(names, lambda before, name: f"{before}{_BETWEEN}{name}")]


def _category(context: Mapping[str, Any]) -> str:
    """The category of which the basket holds most, by value; of several the first one."""
    values: dict[str, int] = {}
    for item in context.get("items") or ():
        if category := item.get("category"):
            value = (item.get("price") or 0) * item.get("quantity", 1)
            values[category] = values.get(category, 0) + value
    if not values:
        return _NONE
    return max(values, key=values.__getitem__)[:_LONGEST].replace(_BETWEEN, _INSTEAD)


def _device(context: Mapping[str, Any]) -> str:
    device = context.get("device")
    if not device:
        return _NONE
    return device if device in _DEVICES else _OTHER
