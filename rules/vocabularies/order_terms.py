"""Terms over a shopper's standing orders: how many, worth what, of which category."""
# ruff: noqa: ARG001, ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.windows import Window, ago, earliest
from rules.summary.orders import OrderBook, Payment, StandingOrder
from rules.summary.summary import Summary
from rules.vocabularies.tallies import Sliding, Total

_READS = Reads(orders=True)


def _next_change(summary: Summary, now: int) -> int | None:
    return summary.book(now).next_change


def _over_orders(
    kind: Kind,
    label: str,
    amount: Callable[[Payment], int],
    within: int | None,
    currency: str = "",
) -> Term[Summary]:
    """A sum over the standing orders, or payments: their number, or money."""
    name = f"{kind.value} {currency}"  # not the kind itself, whose hash Python works out each time

    def read(summary: Summary, now: int) -> int:
        return summary.book(now).total(name, amount, None if within is None else now - within)

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        book = summary.book(now)
        if within is None or not (inside := book.since(now - within)):
            return book.next_change
        total = read(summary, now)
        before = holds(total)
        last = len(inside) - 1
        for index, order in enumerate(inside):
            total -= amount(order)
            alone = index == last or inside[index + 1].at != order.at
            if alone and holds(total) != before:
                return earliest(book.next_change, order.at + within)
        return book.next_change

    return Term(
        kind,
        label + ago(within),
        read,
        until=until,
        coming=_next_change,
        currency=currency,
        missable=False,
        curve=lambda summary, now: _Orders(summary, amount, Window(within)),
        range=None if currency else (0, None),  # more money may go back than came in
        reads=_READS,
    )


@dataclass(slots=True)
class _Orders:
    """The curve of such a sum; the orders stand as they are until their next change."""

    summary: Summary
    amount: Callable[[Payment], int]
    window: Window
    book: OrderBook | None = None
    sliding: Sliding | None = None

    def value(self, at: int) -> int:
        total: int = self._on(at)[1].value(at)
        return total

    def next(self, at: int) -> int | None:
        book, sliding = self._on(at)
        return earliest(book.next_change, sliding.next(at))

    def _on(self, at: int) -> tuple[OrderBook, Sliding]:
        book, sliding = self.book, self.sliding
        change = None if book is None else book.next_change
        if book is None or sliding is None or (change is not None and change <= at):
            self.book = book = self.summary.book(at)
            self.sliding = sliding = Sliding(
                [payment.at for payment in book.payments],
                [(self.amount(payment),) for payment in book.payments],
                self.window,
                Total(lambda tally: tally.total),
            )
        return book, sliding


def orders(within: int | None = None) -> Term[Summary]:
    """How many standing orders there are."""

    def amount(payment: Payment) -> int:
        return int(isinstance(payment, StandingOrder))

    return _over_orders(Kind.NUMBER, "the number of orders", amount, within)


def revenue(currency: str, within: int | None = None) -> Term[Summary]:
    """What the standing orders are worth, net of refunds, those of no order too."""

    def amount(payment: Payment) -> int:
        return payment.net if payment.currency == currency else 0

    return _over_orders(Kind.MONEY, f"the revenue in {currency}", amount, within, currency)


def bought(category: str, within: int | None = None) -> Term[Summary]:
    """Whether a standing order contains something of the category."""

    def newest(summary: Summary, now: int) -> int | None:
        for order in reversed(summary.book(now).orders):
            if category in order.categories:
                return order.at if within is None or order.at > now - within else None
        return None

    def step(summary: Summary, now: int) -> int | None:
        at = newest(summary, now)
        leaving = None if at is None or within is None else at + within
        return earliest(summary.book(now).next_change, leaving)

    return Term(
        Kind.TRUTH,
        f'an order of "{category}"{ago(within)}',
        lambda summary, now: newest(summary, now) is not None,
        step,
        until=lambda summary, now, holds, bounds: step(summary, now),
        coming=_next_change,
        missable=False,
        reads=_READS,
    )
