"""Orders: what is told of one, and those that stand at an instant, net of their refunds.

An order is dated by its first completion, or by `placed_at`. Its content is as it was told last, by
revision where the shop numbers its orders, else by time. What a browser tells counts only as long
as no shop tells it. An order that was cancelled, or refunded to the last cent, does not stand; a
completion that the shop tells later makes a cancelled one stand again.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter
from typing import Any, NamedTuple

from rules.fields import (
    Number,
    add_up,
    instant_or_none,
    mappings_in,
    quantity_of,
    text_or_none,
    whole_or_none,
)
from rules.summary.history import Statement, coming, in_force, keep, merge, prune, value_of
from rules.summary.occasion import Occasion

OrderState = dict[str, Any]
"""What is told of one order. All parts are optional:

- `first`, `seen`: the first completion by the shop, and by a browser
- `placed`, `money`, `lines`: statements of the date, of [revenue, currency] and of
  [items, {category: items}]
- `status`, `numbered`: statements of [stands, has a revision], by time, and those with a revision
  by that
- `refunds`: {reference: statements of [amount, currency]}; the amount None is all that is left
"""

ORDER_EVENTS = frozenset(
    {
        "order_completed",
        "order_updated",
        "order_cancelled",
        "order_refunded",
        "order_fulfilled",
    }
)
_BY_BROWSER = -1
_SEPARATOR = "\x1f"
_STATEMENTS = ("placed", "money", "lines", "status", "numbered")


class StandingOrder(NamedTuple):
    """One standing order: `net` is in minor units of `currency`, never below zero."""

    at: int
    net: int
    currency: str | None
    items: Number
    categories: Mapping[str, Number]


class OrderAccount(NamedTuple):
    """An order: `status` is standing, partly_refunded, refunded or cancelled.

    It counts from the instant `begins_at` on: when it was completed, or is placed.
    """

    key: str
    at: int
    begins_at: int
    revenue: int | None
    net: int
    currency: str | None
    items: Number
    categories: Mapping[str, Number]
    status: str

    @property
    def order_id(self) -> str:
        """The id of the order within its store."""
        return self.key.rpartition(_SEPARATOR)[2]

    @property
    def store(self) -> str | None:
        """The store whose order it is, if that was told."""
        return self.key.rpartition(_SEPARATOR)[0] or None


_STANDS = ("standing", "partly_refunded")
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


def order_key(data: Mapping[str, Any]) -> str | None:
    """The key of the order that an event's data names: its id, within its store; None without."""
    order_id = text_or_none(data.get("order_id"))
    if order_id is None:
        return None
    store = text_or_none(data.get("store"))
    return f"{store}{_SEPARATOR}{order_id}" if store else order_id


def apply_to_order(
    order: OrderState, event_type: str, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    """Apply an event to the order that it is about: to its parts, none of which it changes."""
    match event_type:
        case "order_completed":
            _completed(order, data, occasion, watermark)
        case "order_updated":
            _updated(order, data, occasion, watermark)
        case "order_cancelled":
            _stands(order, False, data, occasion, watermark)
        case "order_refunded":
            refunds = order.get("refunds", {})
            reference = text_or_none(data.get("refund_id")) or occasion.event_id
            statement = occasion.statement(list(refunded_money(data)), _lead(data, occasion))
            refund = keep(refunds.get(reference, []), statement, watermark)
            order["refunds"] = {**refunds, reference: refund}


def refunded_amount(data: Mapping[str, Any]) -> int | None:
    """What an `order_refunded` gives back in minor units; None is all that is left of the order.

    Its `amount`, else its `total`, else what its products cost, if each has a price.
    """
    for name in ("amount", "total"):
        amount = whole_or_none(data.get(name))
        if amount is not None:
            return amount
    products = mappings_in(data.get("products"))
    prices = [whole_or_none(product.get("price")) for product in products or ()]
    if not products or None in prices:
        return None
    cost = add_up(
        price * quantity_of(product)
        for price, product in zip(prices, products, strict=True)
        if price is not None
    )
    return round(cost)


def refunded_money(data: Mapping[str, Any]) -> tuple[int | None, str | None]:
    """What an `order_refunded` gives back, as `refunded_amount`, and the currency that it names."""
    return refunded_amount(data), _currency_of_refund(data)


def _currency_of_refund(data: Mapping[str, Any]) -> str | None:
    currency = text_or_none(data.get("currency"))
    if currency is not None:
        return currency
    currencies = {product.get("currency") for product in mappings_in(data.get("products")) or ()}
    return text_or_none(currencies.pop()) if len(currencies) == 1 else None


def merge_orders(one: OrderState, other: OrderState) -> OrderState:
    """What two streams tell of one order, together, before it is pruned."""
    order: OrderState = {}
    for name in ("first", "seen"):
        if instants := [part[name] for part in (one, other) if name in part]:
            order[name] = min(instants)
    for name in _STATEMENTS:
        if name in one or name in other:
            order[name] = merge(one.get(name, ()), other.get(name, ()))
    if "refunds" in one or "refunds" in other:
        mine, theirs = one.get("refunds", {}), other.get("refunds", {})
        order["refunds"] = {
            reference: merge(mine.get(reference, ()), theirs.get(reference, ()))
            for reference in sorted({*mine, *theirs})
        }
    return order


def prune_order(order: OrderState, watermark: int) -> OrderState:
    """The same order without the statements that have been replaced by the watermark."""
    pruned = {name: part for name, part in order.items() if name in ("first", "seen")}
    for name in _STATEMENTS:
        if name in order:
            pruned[name] = prune(order[name], watermark)
    if "refunds" in order:
        pruned["refunds"] = {
            reference: prune(statements, watermark)
            for reference, statements in order["refunds"].items()
        }
    return pruned


def order_book(orders: Mapping[str, OrderState], now: int | None, watermark: int) -> OrderBook:
    """The standing orders of a summary's plain state at `now`; None counts every event."""
    standing: list[OrderAccount] = []
    changes: list[int] = []
    until = None if now is None else max(now, watermark)
    for key, order in orders.items():
        account = account_of(key, order, until)
        if account is None:
            continue
        if until is not None:
            changes += chain.from_iterable(coming(each, until) for each in _histories(order))
        if now is not None and account.begins_at > now:
            changes.append(account.begins_at)
        elif account.status in _STANDS:
            standing.append(account)
    standing.sort(key=lambda account: (account.at, account.key))
    book = [
        StandingOrder(each.at, each.net, each.currency, each.items, each.categories)
        for each in standing
    ]
    return OrderBook(book, min(changes, default=None))


def account_of(key: str, order: OrderState, until: int | None) -> OrderAccount | None:
    """An order by what is dated up to `until`, or by all; None if no completion was told of it."""
    completed = order.get("first", order.get("seen"))
    if completed is None:
        return None
    placed = in_force(order.get("placed", ()), until)
    at = completed if placed is None else value_of(placed)
    money = in_force(order.get("money", ()), until)
    lines = in_force(order.get("lines", ()), until)
    revenue, currency = value_of(money) if money else (None, None)
    items, categories = value_of(lines) if lines else (0, {})
    net, is_refunded = _net(order, revenue or 0, currency, until)
    status = "cancelled"
    if _has_status(order, until):
        part = "standing" if net == (revenue or 0) else "partly_refunded"
        status = "refunded" if is_refunded else part
    return OrderAccount(
        key, at, max(at, completed), revenue, net, currency, items, categories, status
    )


def money_of(order: OrderState) -> tuple[int | None, str | None] | None:
    """The revenue and currency of an order, as they were told last; None if they never were."""
    money = in_force(order.get("money", ()), None)
    return None if money is None else tuple(value_of(money))


def is_completed(order: OrderState) -> bool:
    """Whether its completion was told."""
    return "first" in order or "seen" in order


def _histories(order: OrderState) -> Iterator[Iterable[Statement]]:
    for name in _STATEMENTS:
        yield order.get(name, ())
    yield from order.get("refunds", {}).values()


def _has_status(order: OrderState, until: int | None) -> bool:
    """Whether the order stands by its completions and cancellations.

    If the last of them has a revision, the one with the greatest revision decides.
    """
    status = in_force(order.get("status", ()), until)
    if status is None:
        return True
    stands, has_revision = value_of(status)
    if has_revision:
        numbered = in_force(order.get("numbered", ()), until)
        if numbered is not None:
            stands, _ = value_of(numbered)
    return bool(stands)


def _net(
    order: OrderState, revenue: int, currency: str | None, until: int | None
) -> tuple[int, bool]:
    """What is left of the revenue after refunds, and whether all of it was refunded."""
    refunded, whole = 0, False
    for statements in order.get("refunds", {}).values():
        statement = in_force(statements, until)
        if statement is None or ("first" in order and statement[0] == _BY_BROWSER):
            continue
        amount, paid_in = value_of(statement)
        if amount is None:
            whole = True
        elif paid_in in (None, currency):  # amounts of different currencies are never mixed
            refunded += amount
    if whole or (revenue and refunded >= revenue):
        return 0, True
    return max(revenue - refunded, 0), False


def _completed(
    order: OrderState, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    name = "seen" if occasion.by_browser else "first"
    order[name] = min(occasion.at, order.get(name, occasion.at))
    lead = _lead(data, occasion)
    money = [whole_or_none(data.get("revenue")), text_or_none(data.get("currency"))]
    _say(order, "money", occasion.statement(money, lead), watermark)
    lines = _lines_of(mappings_in(data.get("products")) or ())
    _say(order, "lines", occasion.statement(lines, lead), watermark)
    _placed(order, data, occasion, watermark)
    if not occasion.by_browser:
        _stands(order, True, data, occasion, watermark)


def _updated(
    order: OrderState, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    lead = _lead(data, occasion)
    revenue, currency = whole_or_none(data.get("revenue")), text_or_none(data.get("currency"))
    if revenue is not None and currency is not None:
        _say(order, "money", occasion.statement([revenue, currency], lead), watermark)
    products = mappings_in(data.get("products"))
    if products is not None:
        _say(order, "lines", occasion.statement(_lines_of(products), lead), watermark)
    _placed(order, data, occasion, watermark)


def _placed(order: OrderState, data: Mapping[str, Any], occasion: Occasion, watermark: int) -> None:
    placed_at = instant_or_none(data.get("placed_at"))
    if placed_at is not None:
        _say(order, "placed", occasion.statement(placed_at, _lead(data, occasion)), watermark)


def _stands(
    order: OrderState, stands: bool, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    revision = _revision(data, occasion)
    value = [stands, revision is not None]
    if occasion.by_browser:
        _say(order, "status", occasion.statement(value, _BY_BROWSER), watermark)
        return
    _say(order, "status", occasion.statement(value), watermark)
    if revision is not None:
        _say(order, "numbered", occasion.statement(value, revision), watermark)


def _say(order: OrderState, name: str, statement: Statement, watermark: int) -> None:
    order[name] = keep(order.get(name, []), statement, watermark)


def _lead(data: Mapping[str, Any], occasion: Occasion) -> int:
    return _BY_BROWSER if occasion.by_browser else _revision(data, occasion) or 0


def _revision(data: Mapping[str, Any], occasion: Occasion) -> int | None:
    revision = whole_or_none(data.get("revision"))
    return None if occasion.by_browser or revision is None else max(revision, 0)


def _lines_of(products: Iterable[Mapping[str, Any]]) -> list[Any]:
    quantities: list[Number] = []
    categories: dict[str, list[Number]] = {}
    for product in products:
        quantity = quantity_of(product)
        quantities.append(quantity)
        category = product.get("category")
        if isinstance(category, str) and quantity:
            categories.setdefault(category, []).append(quantity)
    return [add_up(quantities), {name: add_up(each) for name, each in categories.items()}]
