"""The buying history of one customer: the days on which they bought, and what they spent on each.

Days are those of the shop's time zone, and orders of one day count as one, as in the literature: a
shopper who forgets something and orders again in the evening has made one buying decision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Protocol

from chassis.core.instants import DAY

WEEK = 7 * DAY
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST = -62_135_596_800_000_000 + 2 * DAY
_LAST = 253_402_300_799_999_999 - 2 * DAY


class PaidOrder(Protocol):
    """A standing order: when it was placed (µs), and what is left of it in minor units."""

    @property
    def at(self) -> int: ...
    @property
    def net(self) -> int: ...
    @property
    def currency(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Spend:
    """What a customer spent in one currency.

    - `days`: the order days on which something was bought in it
    - `repeat_days`, `repeat_total`: how many of them came after the customer's first order day, and
      what was spent on these, in minor units
    """

    days: int
    repeat_days: int
    repeat_total: int

    @property
    def repeat_mean(self) -> float:
        """What was spent on an average repeat day, in minor units; 0 without one."""
        return self.repeat_total / self.repeat_days if self.repeat_days else 0.0


@dataclass(frozen=True, slots=True)
class BuyingHistory:
    """What the models read of one customer.

    - `repeats`: the order days after the first one; x in the literature
    - `recency_days`: days from the first order day to the last; 7 t_x in the literature, whose unit
      is a week
    - `last_day`: the instant (µs) at which the last order day began in the shop's zone
    - `spend`: what was spent, by currency; orders without a currency count as orders alone
    """

    repeats: int
    recency_days: int
    last_day: int
    spend: Mapping[str, Spend] = field(default_factory=dict)

    @classmethod
    def of(cls, orders: Iterable[PaidOrder], zone: tzinfo) -> BuyingHistory | None:
        """The history of somebody's standing orders, in any order; None without any."""
        days = OrderDays(zone)
        for order in orders:
            days.add(order)
        return days.history()

    @property
    def recency(self) -> float:
        """Weeks from the first order day to the last: t_x."""
        return self.recency_days / 7

    def age(self, now: int) -> float:
        """Weeks from the first order day to `now`: T, never less than t_x."""
        return self.recency + max(now - self.last_day, 0) / WEEK


class OrderDays:
    """The order days of one customer, kept as orders come and are retracted.

    Adding, retracting and merging give the same history in any order.
    """

    __slots__ = ("_days", "_zone")

    def __init__(self, zone: tzinfo) -> None:
        self._zone = zone
        self._days: dict[int, dict[str | None, list[int]]] = {}  # day: currency: [orders, net]

    def add(self, order: PaidOrder) -> None:
        """Count an order."""
        self._count(order, 1)

    def retract(self, order: PaidOrder) -> None:
        """Count an order no more, as it was added: it was cancelled, refunded or changed."""
        self._count(order, -1)

    def merge(self, other: OrderDays) -> None:
        """Count all orders of `other`, which is of the same zone, too."""
        for day, amounts in other._days.items():
            for currency, (orders, net) in amounts.items():
                self._change(day, currency, orders, net)

    def history(self) -> BuyingHistory | None:
        """The history of the orders that count now; None without any."""
        if not self._days:
            return None
        first, last = min(self._days), max(self._days)
        return BuyingHistory(
            len(self._days) - 1, last - first, day_start(last, self._zone), self._spend(first)
        )

    def _count(self, order: PaidOrder, sign: int) -> None:
        day = day_of(order.at, self._zone)
        self._change(day, order.currency, sign, sign * order.net)

    def _change(self, day: int, currency: str | None, orders: int, net: int) -> None:
        amounts = self._days.setdefault(day, {})
        amount = amounts.setdefault(currency, [0, 0])
        amount[0] += orders
        amount[1] += net
        if not amount[0]:
            del amounts[currency]
            if not amounts:
                del self._days[day]

    def _spend(self, first: int) -> dict[str, Spend]:
        sums: dict[str, list[int]] = {}
        for day, amounts in self._days.items():
            for currency, (_, net) in amounts.items():
                if currency is None:
                    continue
                total = sums.setdefault(currency, [0, 0, 0])
                total[0] += 1
                if day != first:
                    total[1] += 1
                    total[2] += net
        return {currency: Spend(*sums[currency]) for currency in sorted(sums)}


@lru_cache(maxsize=65_536)  # of the same orders it is asked again and again
def day_of(at: int, zone: tzinfo) -> int:
    """The day on which an instant (µs) falls in a zone, counted from 0001-01-01 as day 1.

    Who has no date for an order often sends the first that there is, which in the west of Greenwich
    falls in no year: an instant at an end of the calendar is moved into it.
    """
    moment = _EPOCH + timedelta(microseconds=min(max(at, _FIRST), _LAST))
    return moment.astimezone(zone).toordinal()


@lru_cache(maxsize=65_536)
def day_start(day: int, zone: tzinfo) -> int:
    """The instant (µs) at which a day begins in a zone."""
    start = date.fromordinal(day)
    moment = datetime(start.year, start.month, start.day, tzinfo=zone)
    return (moment - _EPOCH) // timedelta(microseconds=1)
