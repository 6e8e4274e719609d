"""Terms over a shopper's standing orders: how many, worth what, of which category."""
# ruff: noqa: ARG001, ARG005 - all terms share one signature, and few need all of it

from __future__ import annotations

from collections.abc import Callable, Sequence

from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.windows import ago, earliest
from rules.summary.orders import StandingOrder
from rules.summary.summary import Summary

_READS = Reads(orders=True)


def _over_orders(
    kind: Kind,
    label: str,
    amount: Callable[[StandingOrder], int],
    within: int | None,
    currency: str = "",
) -> Term[Summary]:
    """A sum of non-negative amounts over the standing orders."""

    def orders(summary: Summary, now: int) -> Sequence[StandingOrder]:
        return summary.book(now).since(None if within is None else now - within)

    def read(summary: Summary, now: int) -> int:
        return sum(map(amount, orders(summary, now)))

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        coming = summary.book(now).next_change
        if within is None:
            return coming
        inside = orders(summary, now)
        total = sum(map(amount, inside))
        before = holds(total)
        for index, order in enumerate(inside):
            total -= amount(order)
            alone = index + 1 == len(inside) or inside[index + 1].at != order.at
            if alone and holds(total) != before:
                return earliest(coming, order.at + within)
        return coming

    return Term(
        kind,
        label + ago(within),
        read,
        until,
        currency=currency,
        missable=False,
        moving=within is not None,
        reads=_READS,
    )


def orders(within: int | None = None) -> Term[Summary]:
    """How many standing orders there are."""
    return _over_orders(Kind.NUMBER, "the number of orders", lambda order: 1, within)


def revenue(currency: str, within: int | None = None) -> Term[Summary]:
    """What the standing orders are worth, net of refunds."""

    def amount(order: StandingOrder) -> int:
        return order.net if order.currency == currency else 0

    return _over_orders(Kind.MONEY, f"the revenue in {currency}", amount, within, currency)


def bought(category: str, within: int | None = None) -> Term[Summary]:
    """Whether a standing order contains something of the category."""

    def newest(summary: Summary, now: int) -> int | None:
        for order in reversed(summary.book(now).orders):
            if category in order.categories:
                return order.at if within is None or order.at > now - within else None
        return None

    def until(summary: Summary, now: int, holds: Holds, bounds: tuple[int, ...]) -> int | None:
        at = newest(summary, now)
        leaving = None if at is None or within is None else at + within
        return earliest(summary.book(now).next_change, leaving)

    return Term(
        Kind.TRUTH,
        f'an order of "{category}"{ago(within)}',
        lambda summary, now: newest(summary, now) is not None,
        until,
        missable=False,
        moving=within is not None,
        reads=_READS,
    )
