"""Orders as they stand at an instant: net of their refunds, without those cancelled."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, NamedTuple


class StandingOrder(NamedTuple):
    """One standing order: `net` is in minor units of `currency`, never below zero."""

    at: int
    net: int
    currency: str | None
    items: int
    categories: Mapping[str, int]


_AT = attrgetter("at")


@dataclass(frozen=True, slots=True)
class OrderBook:
    """The standing orders, oldest first; `next_change` is when they change next."""

    orders: Sequence[StandingOrder]
    next_change: int | None

    def since(self, after: int | None) -> Sequence[StandingOrder]:
        """The orders after the instant `after`; all of them if it is None."""
        if after is None:
            return self.orders
        return self.orders[bisect_right(self.orders, after, key=_AT) :]


def order_book(
    orders: Mapping[str, Sequence[Any]],
    refunds: Mapping[str, Mapping[str, Sequence[Any]]],
    cancelled: Mapping[str, int],
    now: int | None,
) -> OrderBook:
    """The standing orders of a summary's plain state at `now`; None counts every event."""
    standing = []
    coming = []
    for order_id, (at, _, revenue, currency, items, categories) in orders.items():
        if now is not None and at > now:
            coming.append(at)
            continue
        end = cancelled.get(order_id)
        if end is not None:
            if now is None or end <= now:
                continue
            coming.append(end)
        net = revenue or 0
        of_order = refunds.get(order_id)
        if of_order is not None:
            if now is not None:
                coming += [refund[0] for refund in of_order.values() if refund[0] > now]
            net -= sum(_refunded(of_order, net, currency, now))
        standing.append(StandingOrder(at, max(net, 0), currency, items, categories))
    standing.sort(key=_AT)
    return OrderBook(standing, min(coming, default=None))


def _refunded(
    refunds: Mapping[str, Sequence[Any]], revenue: int, currency: str | None, now: int | None
) -> Iterator[int]:
    for at, amount, paid_in in refunds.values():
        if now is not None and at > now:
            continue
        if amount is None:
            yield revenue
        elif paid_in in (None, currency):  # amounts of different currencies are never mixed
            yield amount
