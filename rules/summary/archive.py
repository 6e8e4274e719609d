"""The archive of a stream: its orders that nothing but a new event changes, except the newest.

What an event costs must not grow with how many orders its shopper has. So a summary keeps the KEPT
newest of its settled orders, and all that are not settled; the others are in an archive, by their
keys, and the summary has their totals. Whoever adds an event about an archived order brings it back
before. Which orders are kept follows from all orders alone, whatever way they came.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Set
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple, Protocol

from rules.summary.book import ArchivedTotals, DaySums, StandingOrder
from rules.summary.orders import OrderState, settled_order
from rules.summary.state import SummaryState, Totals

KEPT = 32


class OrderArchive(Protocol):
    """The archived orders of a stream, by their keys."""

    def all(self) -> Mapping[str, OrderState]:
        """All of them."""
        ...

    def find(self, keys: Collection[str]) -> Mapping[str, OrderState]:
        """Those of `keys` that are archived."""
        ...

    def by_day(self, zone: tzinfo) -> DaySums:
        """What those that stand add up to by day of a zone, as far as that is kept."""
        ...


class ArchivedOrders:
    """An archive in memory."""

    __slots__ = ("_orders",)

    def __init__(self, orders: Mapping[str, OrderState]) -> None:
        self._orders = orders

    def all(self) -> Mapping[str, OrderState]:
        return self._orders

    def find(self, keys: Collection[str]) -> Mapping[str, OrderState]:
        return {key: self._orders[key] for key in keys if key in self._orders}

    def by_day(self, zone: tzinfo) -> DaySums:  # noqa: ARG002
        return DaySums(0, ())


@dataclass(frozen=True, slots=True)
class ArchiveWithout:
    """What is left of an archive without some orders."""

    archive: OrderArchive
    gone: Set[str]

    def all(self) -> Mapping[str, OrderState]:
        return {key: order for key, order in self.archive.all().items() if key not in self.gone}

    def find(self, keys: Collection[str]) -> Mapping[str, OrderState]:
        return self.archive.find([key for key in keys if key not in self.gone])

    def by_day(self, zone: tzinfo) -> DaySums:
        """With those that have gone: their number shows it."""
        return self.archive.by_day(zone)


NO_ARCHIVE: OrderArchive = ArchivedOrders({})


def totals_of(totals: Totals) -> ArchivedTotals:
    """What a book knows of archived orders without reading them."""
    return ArchivedTotals(
        totals["before"][0], totals["standing"], totals["net"], totals["categories"]
    )


def bring_back(
    state: SummaryState, found: Mapping[str, OrderState], archive: OrderArchive
) -> OrderArchive:
    """Take orders that were `found` in the archive of a state back into it; what is left of it."""
    if not found:
        return archive
    before, left = state.archived, ArchiveWithout(archive, found.keys())
    state.orders = {**state.orders, **found}
    rest = _Tally.of(before)
    was_newest = False
    for order in found.values():
        standing = _standing(order, state.watermark)
        rest.count(standing, -1)
        if standing is not None:
            newest = [rest.categories[name] for name in standing.categories]
            was_newest = was_newest or standing.at in newest
    if was_newest:
        rest = _Tally()
        rest.add(left.all().values(), state.watermark)
    state.archived = rest.totals(before["before"])
    return left


def put_away(state: SummaryState, archive: OrderArchive) -> PutAway:
    """Take out of a state what is to be archived; into it, what is to be kept after all."""
    back: Mapping[str, OrderState] = {}
    if len(state.orders) <= KEPT and not state.archived:
        return PutAway({}, {})
    places = _places(state.orders, state.watermark)
    if state.archived and sum(p >= state.archived["before"] for p in places) < KEPT:
        archived = archive.all()
        back = {key: archived[key] for _, key in _places(archived, state.watermark)[-KEPT:]}
        bring_back(state, back, archive)
        places = _places(state.orders, state.watermark)
    if len(places) <= KEPT and not state.archived:
        return PutAway({}, back)
    away = {key: state.orders[key] for _, key in places[:-KEPT]}
    state.orders = {key: order for key, order in state.orders.items() if key not in away}
    tally = _Tally.of(state.archived)
    tally.add(away.values(), state.watermark)
    state.archived = tally.totals(list(places[-KEPT]))
    return PutAway(away, back)


class PutAway(NamedTuple):
    """The orders that go into an archive, and those that have come back; some go again at once."""

    away: Mapping[str, OrderState]
    back: Mapping[str, OrderState]


@dataclass(slots=True)
class _Tally:
    """The totals of archived orders while they are counted."""

    orders: int = 0
    standing: int = 0
    net: dict[str, int] = field(default_factory=dict)
    categories: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, totals: Totals) -> _Tally:
        """Goes on from totals, which it leaves as they are."""
        if not totals:
            return cls()
        net, categories = dict(totals["net"]), dict(totals["categories"])
        return cls(totals["orders"], totals["standing"], net, categories)

    def add(self, orders: Iterable[OrderState], watermark: int) -> None:
        """Count orders, which have to be settled."""
        for order in orders:
            standing = _standing(order, watermark)
            self.count(standing, 1)
            if standing is not None:
                at = standing.at
                for name in standing.categories:
                    self.categories[name] = max(at, self.categories.get(name, at))

    def count(self, standing: StandingOrder | None, sign: int) -> None:
        """Count an order, or count it no more; categories aside."""
        self.orders += sign
        if standing is not None:
            self.standing += sign
            if standing.currency is not None:
                total = self.net.get(standing.currency, 0) + sign * standing.net
                self.net[standing.currency] = total

    def totals(self, before: list[Any]) -> Totals:
        """In plain JSON; empty without any."""
        if not self.orders:
            return {}
        return {
            "before": before,
            "orders": self.orders,
            "standing": self.standing,
            "net": {currency: total for currency, total in self.net.items() if total},
            "categories": self.categories,
        }


def _places(orders: Mapping[str, OrderState], watermark: int) -> list[list[Any]]:
    """[instant, key] of the settled ones among orders, oldest first."""
    found = ((key, settled_order(order, watermark)) for key, order in orders.items())
    return sorted([each.at, key] for key, each in found if each is not None)


def standing_orders(orders: Iterable[OrderState], watermark: int) -> Iterable[StandingOrder]:
    """Those that stand of archived orders."""
    found = (_standing(order, watermark) for order in orders)
    return [order for order in found if order is not None]


def _standing(order: OrderState, watermark: int) -> StandingOrder | None:
    settled = settled_order(order, watermark)
    assert settled is not None  # noqa: S101 - only settled ones are archived, and they remain so
    return settled.standing
