"""Terms over a shopper's standing orders: how many, worth what, of which category."""
# ruff: noqa: ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.windows import Window, ago, earliest
from rules.summary.book import Book, Summand
from rules.summary.summary import Summary
from rules.vocabularies.tallies import Sliding, Total

_READS = Reads(orders=True)


def _next_change(summary: Summary, now: int) -> int | None:
    return summary.book(now).next_change


def _over_orders(
    kind: Kind,
    label: str,
    summand: Summand,
    within: int | None,
) -> Term[Summary]:
    """A sum over the standing orders, or payments: their number, or money."""

    def after(now: int) -> int | None:
        return None if within is None else now - within

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[Any, ...]) -> int | None:
        book = summary.book(now)
        leaving = None if within is None else book.turn(summand, now, within, holds, bounds)
        return earliest(book.next_change, leaving)

    return Term(
        kind,
        label + ago(within),
        lambda summary, now: summary.book(now).total(summand, after(now)),
        until=until,
        beside=lambda summary, now, bounds: summary.book(now).total_beside(
            summand, after(now), bounds
        ),
        coming=_next_change,
        currency=summand.currency,
        missable=False,
        curve=lambda summary, now: _Orders(summary, summand, Window(within)),
        range=None if summand.currency else (0, None),  # more money may go back than came in
        reads=_READS,
    )


@dataclass(slots=True)
class _Orders:
    """The curve of such a sum; the orders stand as they are until their next change."""

    summary: Summary
    summand: Summand
    window: Window
    book: Book | None = None
    sliding: Sliding | None = None

    def value(self, at: int) -> int:
        total: int = self._on(at)[1].value(at)
        return total

    def next(self, at: int) -> int | None:
        book, sliding = self._on(at)
        return earliest(book.next_change, sliding.next(at))

    def _on(self, at: int) -> tuple[Book, Sliding]:
        book, sliding = self.book, self.sliding
        change = None if book is None else book.next_change
        if book is None or sliding is None or (change is not None and change <= at):
            self.book = book = self.summary.book(at)
            self.sliding = sliding = Sliding(
                [payment.at for payment in book.payments],
                [(self.summand.of(payment),) for payment in book.payments],
                self.window,
                Total(lambda tally: tally.total),
            )
        return book, sliding


def orders(within: int | None = None) -> Term[Summary]:
    """How many standing orders there are."""

    return _over_orders(Kind.NUMBER, "the number of orders", Summand(), within)


def revenue(currency: str, within: int | None = None) -> Term[Summary]:
    """What the standing orders are worth, net of refunds, those of no order too."""

    return _over_orders(Kind.MONEY, f"the revenue in {currency}", Summand(currency), within)


def bought(category: str, within: int | None = None) -> Term[Summary]:
    """Whether a standing order contains something of the category."""

    def newest(summary: Summary, now: int) -> int | None:
        return summary.book(now).newest_with(category, None if within is None else now - within)

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
