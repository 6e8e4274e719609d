"""Unlinked refunds: money that went back and belongs to no order.

A credit note without a receipt, goodwill, a chargeback whose order nobody can name: each counts
once by its reference, at its own time, against what the shopper paid in its currency. No order
changes by it. More may go back than came in, as the orders may be older than what was told.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rules.fields import text_or_none
from rules.summary.book import OrderBook, Payment, UnlinkedRefund
from rules.summary.history import Statement, coming, in_force, keep, merge, prune
from rules.summary.occasion import Occasion
from rules.summary.orders import lead_of, refunded_money

UnlinkedRefunds = dict[str, list[Statement]]
"""{reference: statements of [amount, currency]}"""

_TIME, _VALUE = 1, 6
_SEPARATOR = "\x1f"


def is_unlinked(data: Mapping[str, Any]) -> bool:
    """Whether the data of an `order_refunded` says that it belongs to no order."""
    return data.get("without_order") is True


def apply_unlinked_refund(
    refunds: UnlinkedRefunds, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    """Apply an `order_refunded` that belongs to no order; one of an unknown amount says nothing."""
    amount, currency = refunded_money(data)
    if amount is None or currency is None:
        return
    reference = text_or_none(data.get("refund_id")) or occasion.event_id
    store = text_or_none(data.get("store"))
    key = f"{store}{_SEPARATOR}{reference}" if store else reference
    statement = occasion.statement([amount, currency], lead_of(data, occasion))
    refunds[key] = keep(refunds.get(key, []), statement, watermark)


def merge_unlinked_refunds(mine: UnlinkedRefunds, theirs: UnlinkedRefunds) -> None:
    """Add those of another stream; to be pruned after that."""
    for key, statements in theirs.items():
        mine[key] = merge(mine[key], statements) if key in mine else statements


def prune_unlinked_refunds(refunds: UnlinkedRefunds, watermark: int) -> None:
    """Forget what has been replaced by the watermark."""
    for key, statements in refunds.items():
        if len(statements) > 1:
            refunds[key] = prune(statements, watermark)


def with_unlinked_refunds(
    book: OrderBook, refunds: UnlinkedRefunds, now: int | None, watermark: int
) -> OrderBook:
    """The book of the orders with the unlinked refunds among its payments."""
    until = None if now is None else max(now, watermark)
    found = []
    changes = [] if book.next_change is None else [book.next_change]
    for key, statements in refunds.items():
        if until is not None:
            changes += coming(statements, until)
        statement = in_force(statements, until)
        if statement is not None:
            amount, currency = statement[_VALUE]
            found.append(
                (statement[_TIME], key, UnlinkedRefund(statement[_TIME], -amount, currency))
            )
    payments: list[Payment] = [*book.orders, *(refund for _, _, refund in sorted(found))]
    payments.sort(key=lambda each: each.at)
    return OrderBook(book.orders, min(changes, default=None), payments)
