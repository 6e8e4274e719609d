"""The book of a shopper: the orders that stand at an instant, and what went back without one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import tzinfo
from fractions import Fraction
from itertools import accumulate, chain
from operator import attrgetter
from typing import NamedTuple, Protocol

from rules.fields import Number

_AT = attrgetter("at")


class StandingOrder(NamedTuple):
    """One standing order: `net` is in minor units of `currency`, never below zero."""

    at: int
    net: int
    currency: str | None
    items: Number
    categories: Mapping[str, Number]


class UnlinkedRefund(NamedTuple):
    """A refund of no order: `net` is what went back, in minor units of `currency` below zero."""

    at: int
    net: int
    currency: str


Payment = StandingOrder | UnlinkedRefund


class DaySums(NamedTuple):
    """What orders add up to by day: how many `number`, and for each day and currency one order."""

    number: int
    sums: Sequence[StandingOrder]


@dataclass(frozen=True, slots=True)
class Summand:
    """What is added up of payments: their money in a currency, or without one their orders."""

    currency: str = ""

    def of(self, payment: Payment) -> int:
        """What one payment adds: of an order it is never below zero."""
        if not self.currency:
            return int(isinstance(payment, StandingOrder))
        return payment.net if payment.currency == self.currency else 0


class Book(Protocol):
    """What rules ask of the orders that stand at an instant, and of the payments."""

    @property
    def orders(self) -> Sequence[StandingOrder]:
        """The standing orders, oldest first."""
        ...

    @property
    def payments(self) -> Sequence[Payment]:
        """The orders and what went back without one, oldest first."""
        ...

    @property
    def next_change(self) -> int | None:
        """When the orders or the payments change next without a new event."""
        ...

    def total(self, summand: Summand, after: int | None) -> int:
        """The sum of a summand over the payments after an instant; None is all time."""
        ...

    def total_beside(
        self, summand: Summand, after: int | None, bounds: Sequence[int | Fraction]
    ) -> int:
        """A number that compares with each of the bounds as `total` does."""
        ...

    def turn(
        self,
        summand: Summand,
        now: int,
        within: int,
        holds: Callable[[int], bool],
        bounds: Sequence[int | Fraction],
    ) -> int | None:
        """When `holds` of the total of a window turns as payments leave it; None if it never does.

        `bounds` are all numbers on whose two sides `holds` can differ.
        """
        ...

    def newest_with(self, category: str, after: int | None) -> int | None:
        """When the newest order after an instant was placed that has something of a category."""
        ...

    def by_day(self, zone: tzinfo) -> Sequence[StandingOrder]:
        """Orders for whatever looks at days of a zone alone.

        On each day there are some if any stands, of the same currencies and with the same sums.
        """
        ...


@dataclass(frozen=True, slots=True)
class OrderBook:
    """A book with all its orders and payments in memory."""

    orders: Sequence[StandingOrder]
    next_change: int | None
    payments: Sequence[Payment]
    _sums: dict[str, list[int]] = field(default_factory=dict, compare=False, repr=False)

    def total(self, summand: Summand, after: int | None) -> int:
        sums = self._added_up(summand)
        first = 0 if after is None else self._first_after(after)
        return sums[-1] - sums[first]

    def total_beside(
        self,
        summand: Summand,
        after: int | None,
        bounds: Sequence[int | Fraction],  # noqa: ARG002
    ) -> int:
        return self.total(summand, after)

    def turn(
        self,
        summand: Summand,
        now: int,
        within: int,
        holds: Callable[[int], bool],
        bounds: Sequence[int | Fraction],  # noqa: ARG002
    ) -> int | None:
        before = holds(self.total(summand, now - within))
        for at, left in self.totals_left(summand, now - within):
            if holds(left) != before:
                return at + within
        return None

    def newest_with(self, category: str, after: int | None) -> int | None:
        for order in reversed(self.orders):
            if after is not None and order.at <= after:
                return None
            if category in order.categories:
                return order.at
        return None

    def by_day(self, zone: tzinfo) -> Sequence[StandingOrder]:  # noqa: ARG002
        return self.orders

    def totals_left(self, summand: Summand, after: int) -> Iterator[tuple[int, int]]:
        """Each instant of payments after one, oldest first, and the total of those after it."""
        sums = self._added_up(summand)
        first = self._first_after(after)
        at = None
        for place in range(first, len(self.payments)):
            if at is not None and self.payments[place].at != at:
                yield at, sums[-1] - sums[place]
            at = self.payments[place].at
        if at is not None:
            yield at, 0

    def _added_up(self, summand: Summand) -> Sequence[int]:
        """The sums of the first payments: of none, of one and so on.

        Many rules ask for the same amounts in different windows: each is added up once.
        """
        sums = self._sums.get(summand.currency)
        if sums is None:
            added = accumulate(map(summand.of, self.payments), initial=0)
            sums = self._sums[summand.currency] = list(added)
        return sums

    def _first_after(self, instant: int) -> int:
        return bisect_right(self.payments, instant, key=_AT)


@dataclass(frozen=True, slots=True)
class ArchivedTotals:
    """What is known of archived orders without reading them: none is dated later than `upto`.

    `standing` of them stand, whose money is in `net` by currency; `categories` has when the newest
    order with something of a category was placed.
    """

    upto: int
    standing: int
    net: Mapping[str, int]
    categories: Mapping[str, int]

    def total(self, summand: Summand) -> int:
        """The sum of a summand over all of them."""
        return self.net.get(summand.currency, 0) if summand.currency else self.standing


@dataclass(frozen=True, slots=True)
class PartialBook:
    """A book whose older orders are archived, and are read only where their totals do not do.

    Where a window reaches into the archive, the total is at least that of the `kept` payments, and
    at most that with all archived ones: mostly no bound lies between the two.
    """

    kept: OrderBook
    archived: ArchivedTotals
    read: Callable[[], OrderBook]
    """The whole book, in which archived orders are too"""
    read_days: Callable[[tzinfo], DaySums]
    """The sums of the archived orders by day"""

    @property
    def orders(self) -> Sequence[StandingOrder]:
        return self.read().orders

    @property
    def payments(self) -> Sequence[Payment]:
        return self.read().payments

    @property
    def next_change(self) -> int | None:
        return self.kept.next_change

    def total(self, summand: Summand, after: int | None) -> int:
        if after is None:
            return self.kept.total(summand, None) + self.archived.total(summand)
        book = self.kept if after >= self.archived.upto else self.read()
        return book.total(summand, after)

    def total_beside(
        self, summand: Summand, after: int | None, bounds: Sequence[int | Fraction]
    ) -> int:
        if after is None or after >= self.archived.upto:
            return self.total(summand, after)
        least = self.kept.total(summand, after)
        return self.total(summand, after) if self._is_open(least, summand, bounds) else least

    def turn(
        self,
        summand: Summand,
        now: int,
        within: int,
        holds: Callable[[int], bool],
        bounds: Sequence[int | Fraction],
    ) -> int | None:
        total = self.kept.total(summand, now - within)
        before = holds(total)
        totals = chain([(now - within, total)], self.kept.totals_left(summand, now - within))
        for at, left in totals:
            if at < self.archived.upto and self._is_open(left, summand, bounds):
                return self.read().turn(summand, now, within, holds, bounds)
            if holds(left) != before:
                return at + within
        return None

    def newest_with(self, category: str, after: int | None) -> int | None:
        kept = self.kept.newest_with(category, after)
        archived = self.archived.categories.get(category)
        if archived is None or (after is not None and archived <= after):
            return kept
        return archived if kept is None else max(kept, archived)

    def by_day(self, zone: tzinfo) -> Sequence[StandingOrder]:
        """The archived ones come from their sums, if there are any in that zone of all of them."""
        days = self.read_days(zone)
        if days.number != self.archived.standing:
            return self.orders
        return [*self.kept.orders, *days.sums]

    def _is_open(self, least: int, summand: Summand, bounds: Sequence[int | Fraction]) -> bool:
        """Whether it depends on the archived payments how a total compares with the bounds."""
        most = least + self.archived.total(summand)
        return most > least and any(least <= bound <= most for bound in bounds)
