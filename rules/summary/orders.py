"""Orders: what is told of one, and those that stand at an instant, net of their refunds.

An order is dated by its first completion, or by `placed_at`. Its content is as it was told last, by
revision where the shop numbers its orders, else by time. What a browser tells counts only as long
as no shop tells it. An order that was cancelled, or refunded to the last cent, does not stand; a
completion that the shop tells later makes a cancelled one stand again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from rules.summary.book import OrderBook, StandingOrder
from rules.summary.history import (
    MOST_AHEAD,
    Statement,
    coming,
    in_force,
    keep,
    merge,
    prune,
    value_of,
)
from rules.summary.occasion import Occasion
from rules.summary.order_keys import store_and_id

OrderState = dict[str, Any]
"""What is told of one order. All parts are optional:

- `first`, `seen`: the first completion by the shop, and by a browser
- `content`: statements of [money, lines, stands, placed at], each null where it is not told; money
  is [revenue, currency], and lines are [items, {category: items}]
- `refunds`: {reference: statements of [amount, currency]}; the amount null is all that is left
- `last`: the latest time of all these
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
_MONEY, _LINES, _STANDS, _PLACED = _COMPONENTS = range(4)
_NO_MONEY = [None, None]
_NO_LINES: list[Any] = [0, {}]


class OrderAccount(NamedTuple):
    """An order: `status` is standing, partly_refunded, refunded or cancelled."""

    key: str
    at: int
    revenue: int | None
    net: int
    currency: str | None
    status: str

    @property
    def order_id(self) -> str:
        """The id of the order within its store."""
        return store_and_id(self.key)[1]

    @property
    def store(self) -> str | None:
        """The store whose order it is, if that was told."""
        return store_and_id(self.key)[0]


_LEAD, _TIME, _TIE, _VALUE = 0, 1, 3, 6


def apply_to_order(
    order: OrderState, event_type: str, data: Mapping[str, Any], occasion: Occasion, watermark: int
) -> None:
    """Apply an event to the order that it is about: to its parts, none of which it changes."""
    match event_type:
        case "order_completed":
            name = "seen" if occasion.by_browser else "first"
            order[name] = min(occasion.at, order.get(name, occasion.at))
            money = [whole_or_none(data.get("revenue")), text_or_none(data.get("currency"))]
            lines = _lines_of(mappings_in(data.get("products")) or ())
            stands = None if occasion.by_browser else True
            content = [money, lines, stands, instant_or_none(data.get("placed_at"))]
            _say(order, content, data, occasion, watermark)
        case "order_updated":
            _say(order, _changes(data), data, occasion, watermark)
        case "order_cancelled":
            _say(order, [None, None, False, None], data, occasion, watermark)
        case "order_refunded":
            refunds = order.get("refunds", {})
            reference = text_or_none(data.get("refund_id")) or occasion.event_id
            statement = occasion.statement(list(refunded_money(data)), lead_of(data, occasion))
            refund = keep(refunds.get(reference, []), statement, watermark)
            order["refunds"] = {**refunds, reference: refund}
            order["last"] = max(occasion.at, order.get("last", occasion.at))


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


def merge_orders(one: OrderState, other: OrderState, watermark: int) -> OrderState:
    """What two streams tell of one order, together."""
    order: OrderState = {}
    for name, choose in (("first", min), ("seen", min), ("last", max)):
        if instants := [part[name] for part in (one, other) if name in part]:
            order[name] = choose(instants)
    if content := [*one.get("content", ()), *other.get("content", ())]:
        order["content"] = _prune_content(content, watermark)
    if "refunds" in one or "refunds" in other:
        mine, theirs = one.get("refunds", {}), other.get("refunds", {})
        order["refunds"] = {
            reference: prune(merge(mine.get(reference, ()), theirs.get(reference, ())), watermark)
            for reference in sorted({*mine, *theirs})
        }
    return order


def order_book(orders: Mapping[str, OrderState], now: int | None, watermark: int) -> OrderBook:
    """The standing orders of a summary's plain state at `now`; None counts every event."""
    standing: list[tuple[int, str, StandingOrder]] = []
    changes: list[int] = []
    until = None if now is None else max(now, watermark)
    for key, order in orders.items():
        completed = order.get("first", order.get("seen"))
        if completed is None:
            continue
        if until is not None and order["last"] > until:
            changes += _coming(order, until)
        (revenue, currency), (items, categories), stands, placed = _content(order, until)
        at = completed if placed is None else placed
        if now is not None and (at > now or completed > now):
            changes.append(max(at, completed))
            continue
        if not stands:
            continue
        net = revenue or 0
        if "refunds" in order:
            net, is_refunded = _net(order, revenue, currency, until)
            if is_refunded:
                continue
        standing.append((at, key, StandingOrder(at, net, currency, items, categories)))
    standing.sort()
    found = [order for _, _, order in standing]
    return OrderBook(found, min(changes, default=None), found)


class SettledOrder(NamedTuple):
    """An order that time does not change any more: when it was placed, and if it stands, it."""

    at: int
    standing: StandingOrder | None


def settled_order(order: OrderState, watermark: int) -> SettledOrder | None:
    """What becomes of an order without another event; None if something of it is dated ahead."""
    last = order.get("last", 0)
    completed = order.get("first", order.get("seen"))
    if last > watermark or (completed is not None and completed > watermark):
        return None
    if completed is None:
        return SettledOrder(last, None)
    (revenue, currency), (items, categories), stands, placed = _content(order, None)
    at = completed if placed is None else placed
    if at > watermark:
        return None
    net, is_refunded = _net(order, revenue, currency, None)
    if not stands or is_refunded:
        return SettledOrder(at, None)
    return SettledOrder(at, StandingOrder(at, net, currency, items, categories))


def account_of(key: str, order: OrderState) -> OrderAccount | None:
    """An order by all that is told of it; None if no completion is."""
    completed = order.get("first", order.get("seen"))
    if completed is None:
        return None
    (revenue, currency), _, stands, placed = _content(order, None)
    net, is_refunded = _net(order, revenue, currency, None)
    status = "cancelled"
    if stands:
        part = "standing" if net == (revenue or 0) else "partly_refunded"
        status = "refunded" if is_refunded else part
    at = completed if placed is None else placed
    return OrderAccount(key, at, revenue, net, currency, status)


def is_dated_since(order: OrderState, at: int) -> bool:
    """Whether all completions of an order came at an instant or later, and none dates it itself."""
    completed = [order[name] for name in ("first", "seen") if name in order]
    is_placed = any(each[_VALUE][_PLACED] is not None for each in order.get("content", ()))
    return bool(completed) and min(completed) >= at and not is_placed


def money_of(order: OrderState) -> tuple[int | None, str | None] | None:
    """The revenue and currency of an order, as they were told last; None if they never were."""
    if not any(statement[_VALUE][_MONEY] for statement in order.get("content", ())):
        return None
    money, *_ = _content(order, None)
    return money[0], money[1]


def _coming(order: OrderState, until: int) -> Iterator[int]:
    """When what is told of an order comes into force after `until`."""
    yield from coming(order.get("content", ()), until)
    for statements in order.get("refunds", {}).values():
        yield from coming(statements, until)


def _content(order: OrderState, until: int | None) -> tuple[list[Any], list[Any], bool, int | None]:
    """The money and lines of an order in force, whether it stands, and when it was placed."""
    content = order.get("content", ())
    if len(content) == 1 and (until is None or content[0][_TIME] <= until):
        money, lines, stands, placed = content[0][_VALUE]
        return money or _NO_MONEY, lines or _NO_LINES, stands is not False, placed
    in_force_now = [each for each in content if until is None or each[_TIME] <= until]
    if "first" in order:  # the shop has told all that it knows, when the order was placed included
        in_force_now = [each for each in in_force_now if each[_LEAD] != _BY_BROWSER]
    money = lines = stands = placed = None
    for statement in _greatest(in_force_now):
        value = statement[_VALUE]
        money = money or value[_MONEY]
        lines = lines or value[_LINES]
        placed = value[_PLACED] if placed is None else placed
    status = _status(in_force_now)
    stands = True if status is None else status[_VALUE][_STANDS]
    return money or _NO_MONEY, lines or _NO_LINES, stands, placed


def _greatest(statements: Sequence[Statement]) -> Sequence[Statement]:
    """The statements, the greatest first."""
    if len(statements) < 2:
        return statements
    return sorted(statements, key=_rank, reverse=True)


def _status(statements: Iterable[Statement]) -> Statement | None:
    """The statement that says whether the order stands: the latest of the shop, or of a browser.

    If it has a revision, that of the greatest revision.
    """
    telling = [each for each in statements if each[_VALUE][_STANDS] is not None]
    if len(telling) < 2:
        return telling[0] if telling else None
    shops = [each for each in telling if each[_LEAD] != _BY_BROWSER] or telling
    latest = max(shops, key=_by_time)
    return max(shops, key=_rank) if latest[_LEAD] > 0 else latest


def _keep_content(content: list[Statement], new: Statement, watermark: int) -> list[Statement]:
    """The content with a statement that was recorded after the others in their stream.

    What it says replaces what another of the same rank said.
    """
    if not content:
        return [new]
    kept = [new]
    for statement in content:
        if statement[:_TIE] == new[:_TIE]:
            rest = [
                old if now is None else None
                for old, now in zip(statement[_VALUE], new[_VALUE], strict=True)
            ]
            statement = [*statement[:_VALUE], rest]  # noqa: PLW2901 - what is left of it
            if all(part is None for part in rest):
                continue
        kept.append(statement)
    return _prune_content(kept, watermark)


def _prune_content(content: Sequence[Statement], watermark: int) -> list[Statement]:
    """What is dated later than the watermark, and of the rest whatever still decides something."""
    if len(content) < 2:
        return list(content)
    past = [each for each in content if each[_TIME] <= watermark]
    kept = sorted((each for each in content if each[_TIME] > watermark), key=_rank)
    deciding: list[Statement | None] = [
        max((s for s in past if s[_VALUE][part] is not None), key=_rank, default=None)
        for part in _COMPONENTS
    ]
    status = [s for s in past if s[_VALUE][_STANDS] is not None and s[_LEAD] != _BY_BROWSER]
    deciding.append(max(status, key=_by_time, default=None))
    once = {tuple(each[:_VALUE]): each for each in deciding if each is not None}
    return [*(once[rank] for rank in sorted(once)), *kept[-MOST_AHEAD:]]


def _rank(statement: Statement) -> list[Any]:
    return statement[:_VALUE]


def _by_time(statement: Statement) -> list[Any]:
    return statement[_TIME:_VALUE]


def _net(
    order: OrderState, revenue: int | None, currency: str | None, until: int | None
) -> tuple[int, bool]:
    """What is left of the revenue after refunds, and whether all of it was refunded.

    Of an unknown revenue only a refund without an amount is all of it.
    """
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
    if whole or (revenue is not None and refunded >= max(revenue, 1)):
        return 0, True
    return max((revenue or 0) - refunded, 0), False


def _changes(data: Mapping[str, Any]) -> list[Any]:
    """The content that an `order_updated` tells."""
    revenue, currency = whole_or_none(data.get("revenue")), text_or_none(data.get("currency"))
    products = mappings_in(data.get("products"))
    return [
        None if revenue is None or currency is None else [revenue, currency],
        None if products is None else _lines_of(products),
        None,
        instant_or_none(data.get("placed_at")),
    ]


def _say(
    order: OrderState,
    value: list[Any],
    data: Mapping[str, Any],
    occasion: Occasion,
    watermark: int,
) -> None:
    statement = occasion.statement(value, lead_of(data, occasion))
    order["content"] = _keep_content(order.get("content", []), statement, watermark)
    order["last"] = max(occasion.at, order.get("last", occasion.at))


def lead_of(data: Mapping[str, Any], occasion: Occasion) -> int:
    """What counts before the time: a browser is behind everybody, and a revision before none."""
    if occasion.by_browser:
        return _BY_BROWSER
    revision = whole_or_none(data.get("revision"))
    return 0 if revision is None else max(revision, 0) + 1


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
