"""What events say of a shopper: all of them sorted once, and taken in one after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from types import MappingProxyType
from typing import Any

from tests.support.oracle.log import LoggedEvent

_LOYALTY = {"loyalty_enrolled", "loyalty_tier"}
_WHOSE = {"identity_changed", "order_moved"}  # what a stream has of others, whatever its date
_FACTS = _WHOSE | {"consent_refused"}
_ORDER_PARTS = ("money", "lines", "status", "placed")


@dataclass(slots=True)
class Order:
    """An order as it was told last: revenue in minor units, pieces by category.

    `refunds` is {reference: (at, amount, currency)}, where no amount means all of it.
    """

    at: Any  # None if no completion was told
    revenue: int | None
    currency: Any
    pieces: Any
    categories: dict[str, Any]
    cancelled_at: int | None
    refunds: dict[str, tuple[Any, ...]]


@dataclass(slots=True)
class FoldedShopper:
    """`happened` is {type: its instants, ascending}; `orders` those of which anything was told;
    `cart` is (value, currency, pieces) of the last one, and `unlinked` what went back without an
    order, {reference: (at, amount, currency)}."""

    happened: dict[Any, Any] = field(default_factory=dict)
    traits: dict[Any, Any] = field(default_factory=dict)
    consent: dict[Any, Any] = field(default_factory=dict)
    orders: dict[Any, Any] = field(default_factory=dict)
    cart: tuple[Any, ...] | None = None
    points: int = 0
    is_account: bool = False

    unlinked: dict[str, tuple[Any, ...]] = field(default_factory=dict)
    # The data of the last cart, and (at, data) of completed orders, which no summary has.
    cart_data: Any = field(default=None, compare=False)
    completed: list[tuple[int, Any]] = field(default_factory=list, compare=False)

    def revenue(self, now: int | None, after: int | None = None) -> Counter[Any]:
        """What was paid by currency, net of what went back, after the instant `after` and up to
        `now` (µs); None counts everything."""
        revenue: Counter[Any] = Counter()
        paid = [(order.at, amount, order.currency) for order, amount in self.standing(now)]
        for at, amount, currency in paid:
            revenue[currency] += amount if after is None or at > after else 0
        for at, amount, currency in self.unlinked.values():
            if (now is None or at <= now) and (after is None or at > after):
                revenue[currency] -= amount
        return revenue

    def standing(self, now: int | None) -> list[tuple[Order, int]]:
        """The orders that are neither cancelled nor refunded whole, [(Order, what was paid net of
        refunds)], by time.

        `now` is an instant in µs: what is dated later is not counted; None counts everything.
        """

        def past(at: int) -> bool:
            return now is None or at <= now

        found = []
        for order in self.orders.values():
            if order.at is None or not past(order.at):
                continue
            if order.cancelled_at is not None and past(order.cancelled_at):
                continue
            paid, whole = order.revenue or 0, False
            for at, amount, currency in order.refunds.values():
                if not past(at):
                    continue
                if amount is None:
                    whole = True
                elif currency in (None, order.currency):
                    paid -= amount
            whole = whole or (order.revenue is not None and paid <= 0 and paid < order.revenue)
            if not whole:
                found.append((order, max(paid, 0)))
        return sorted(found, key=lambda pair: pair[0].at or 0)


def fold(events: Iterable[LoggedEvent], now: int | None = None) -> FoldedShopper:
    """The shopper whose events these are, of one stream or of several, in any order.

    `now` is an instant in µs: what is dated later does not count yet; None counts everything.
    """
    shopper = FoldedShopper()
    known = [each for each in events if each.type in _WHOSE or now is None or each.at <= now]
    is_account = shopper.is_account = any(map(proves_account, known))
    for event in sorted(known, key=lambda each: (each.at, *_arrival(each), each.id)):
        if event.type not in _FACTS:
            shopper.happened.setdefault(event.type, []).append(event.at)
        if event.type == "cart_updated":
            shopper.cart_data = event.data
        if event.type == "order_completed":
            shopper.completed.append((event.at, event.data))
        _take_in(shopper, event, event.data, is_account and bool(event.metadata.get("unproven")))
    shopper.orders = {
        key: _order(statements, now) for key, statements in _statements_of_orders(known).items()
    }
    shopper.unlinked = _last_unlinked(
        (_unlinked_key(event), statement)
        for event in known
        if event.type == "order_refunded" and event.data.get("without_order")
        for _, statement in _statements(event, event.data)
    )
    return shopper


def _unlinked_key(event: LoggedEvent) -> str:
    reference = event.data.get("refund_id") or event.id
    return "\x1f".join(filter(None, (event.data.get("store"), reference)))


def _last_unlinked(told: Iterable[tuple[str, list[Any]]]) -> dict[str, tuple[Any, ...]]:
    """What was told last of each refund of no order: by time, or by revision."""
    last: dict[str, list[Any]] = {}
    for key, statement in told:
        last[key] = max(statement, last.get(key, statement), key=lambda each: each[:6])
    return {key: (statement[1], *statement[6]) for key, statement in last.items()}


def proves_account(event: LoggedEvent) -> bool:
    """Whether the event says that an account signs in to its stream."""
    return event.type == "identity_changed" and any(
        identifier["assurance"] == "verified"
        for entry in event.data["streams"]
        if entry["stream"] == event.stream
        for identifier in entry["identifiers"]
    )


def _arrival(event: LoggedEvent) -> list[int]:
    return list(event.metadata.get("arrival") or [0, event.version])


def _take_in(shopper: FoldedShopper, event: LoggedEvent, data: Any, is_ignored: bool) -> None:
    def loyalty(**traits: Any) -> None:
        if not is_ignored:
            shopper.traits.update(traits)

    match event.type:
        case "traits_changed":
            own = {name: each for name, each in data["traits"].items() if name not in _LOYALTY}
            shopper.traits.update(own)
            loyalty(**{n: each for n, each in data["traits"].items() if n in _LOYALTY})
        case "loyalty_enrolled":
            loyalty(loyalty_enrolled=True)
            if data.get("tier") is not None:
                loyalty(loyalty_tier=data["tier"])
        case "loyalty_tier_changed":
            loyalty(loyalty_tier=data["tier"])
        case "loyalty_points_changed":
            shopper.points += 0 if is_ignored else data["points"]
        case "consent_changed" | "consent_refused":
            purposes = data.get("purposes") or {data["purpose"]: data.get("granted", False)}
            for purpose, granted in purposes.items():
                if not (granted and is_ignored):
                    shopper.consent[purpose] = granted
        case "cart_updated":
            pieces = sum(line.get("quantity", 1) for line in data["products"])
            shopper.cart = (data.get("value"), data.get("currency"), pieces)


def _statements_of_orders(events: Iterable[LoggedEvent]) -> dict[str, list[Any]]:
    """What is told of each order, [[part, statement]], by streams and in their order."""
    orders: dict[str, list[Any]] = {}
    in_order = sorted(events, key=lambda event: (event.stream, event.version))
    for stream, of_stream in groupby(in_order, key=lambda event: event.stream):
        own: dict[str, list[Any]] = {}
        for event in of_stream:
            if event.type.startswith("order_") and "order_id" in event.data:
                _of_one_order(own, event, stream)
        for key, statements in own.items():
            orders.setdefault(key, []).extend(statements)
    return orders


def _of_one_order(own: dict[str, list[Any]], event: LoggedEvent, stream: str) -> None:
    data = event.data
    key = "\x1f".join(filter(None, (data.get("store"), data["order_id"])))
    if event.metadata.get("order_apart"):
        key += f"\x1e{stream}"
    if event.type == "order_moved":
        if data["to"] == stream:
            own.setdefault(key, []).extend(_statements_of_state(data["state"]))
        elif data["from"] == stream:
            own.pop(key, None)
    elif event.metadata.get("order_home") in (None, stream):
        own.setdefault(key, []).extend(_statements(event, data))


def _statements(event: LoggedEvent, data: Any) -> Iterator[Any]:
    is_browsers = event.metadata.get("origin") == "browser"
    revision = None if is_browsers else data.get("revision")
    lead = -1 if is_browsers else 0 if revision is None else revision + 1

    def statement(value: Any, rank: int = lead) -> list[Any]:
        return [rank, event.at, 0, *_arrival(event), event.id, value]

    has_lines = data.get("products") is not None or event.type == "order_completed"
    if event.type in {"order_completed", "order_updated"}:
        if "revenue" in data:
            yield "money", statement([data["revenue"], data["currency"]])
        if has_lines:
            yield "lines", statement(_lines(data.get("products") or []))
        if "placed_at" in data:
            yield "placed", statement(instant(data["placed_at"]))
    if event.type == "order_completed":
        yield "seen" if is_browsers else "first", event.at
    if event.type == "order_cancelled" or (event.type == "order_completed" and not is_browsers):
        yield "status", statement(event.type == "order_completed")
    if event.type == "order_refunded":
        reference = data.get("refund_id") or event.id
        amount = data.get("amount", data.get("total"))
        yield f"refund {reference}", statement([amount, data.get("currency")])


def _statements_of_state(state: dict[str, Any]) -> Iterator[Any]:
    for name in ("first", "seen"):
        if name in state:
            yield name, state[name]
    for *when, value in state.get("content", ()):
        for name, part in zip(_ORDER_PARTS, value, strict=True):
            if part is not None:
                yield name, [*when, part]
    for reference, statements in state.get("refunds", {}).items():
        for statement in statements:
            yield f"refund {reference}", statement


def _order(parts: Iterable[Any], now: int | None = None) -> Order:
    firsts: dict[str, int] = {}
    found: dict[str, list[Any]] = {}
    for part, statement in parts:
        if part in {"first", "seen"}:
            firsts[part] = min(statement, firsts.get(part, statement))
        elif now is None or statement[1] <= now:
            found.setdefault(part, []).append(statement)
    last = {part: max(each, key=lambda s: s[:6]) for part, each in found.items()}
    at = firsts.get("first", firsts.get("seen"))
    if at is not None and "placed" in last:
        at = last["placed"][6]
    revenue, currency = last["money"][6] if "money" in last else (None, None)
    pieces, categories = last["lines"][6] if "lines" in last else (0, {})
    status = _last_status(found.get("status", []))
    refunds = {
        part.partition(" ")[2]: (each[1], *each[6])
        for part, each in last.items()
        if part.startswith("refund ") and not ("first" in firsts and each[0] < 0)
    }
    cancelled_at = status[1] if status and not status[6] else None
    return Order(at, revenue, currency, pieces, categories, cancelled_at, refunds)


def _last_status(statements: list[Any]) -> Any:
    """By time; if the last one has a revision, that with the greatest one."""
    shops = [each for each in statements if each[0] >= 0] or statements
    last = max(shops, key=lambda s: s[1:6], default=None)
    return max(shops, key=lambda s: s[:6]) if last and last[0] > 0 else last


def _lines(lines: list[Any]) -> list[Any]:
    categories: Counter[str] = Counter()
    for line in lines:
        if "category" in line and line.get("quantity", 1):
            categories[line["category"]] += line.get("quantity", 1)
    return [sum(line.get("quantity", 1) for line in lines), dict(categories)]


def instant(text: str) -> int:
    """Microseconds since the epoch of an RFC 3339 text."""
    since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


_INSTANTS_KEPT = 1_001


def kept(shopper: FoldedShopper) -> FoldedShopper:
    """The same shopper as a summary keeps them: of what happened often, the number, the first
    instant and the newest ones."""
    happened = {
        name: instants
        if len(instants) <= _INSTANTS_KEPT
        else (len(instants), instants[0], instants[-_INSTANTS_KEPT:])
        for name, instants in shopper.happened.items()
    }
    return replace(shopper, happened=happened)


def read_summary(
    state: dict[str, Any], archived: Mapping[str, Any] = MappingProxyType({})
) -> FoldedShopper:
    """The shopper that a stored summary describes, by the layout told in rules/summary/state.py,
    with the orders that are archived."""
    parts = [state] if state.get("is_account") else [state, state.get("unproven", {})]

    def last(name: str) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for part in parts:
            for key, statements in part.get(name, {}).items():
                values.setdefault(key, []).extend(statements)
        return {key: max(each, key=lambda s: s[:6])[6] for key, each in values.items()}

    return FoldedShopper(
        happened={
            name: newest if count == len(newest) and first == newest[0] else (count, first, newest)
            for name, (count, first, newest) in state.get("types", {}).items()
        },
        traits=last("traits"),
        consent=last("consent"),
        orders={
            key: _order(_statements_of_state(order))
            for key, order in {**archived, **state.get("orders", {})}.items()
        },
        cart=tuple(max(state["cart"], key=lambda s: s[:6])[6]) if state.get("cart") else None,
        is_account=bool(state.get("is_account")),
        unlinked=_last_unlinked(
            (key, statement)
            for key, statements in state.get("unlinked_refunds", {}).items()
            for statement in statements
        ),
        points=sum(part.get("points", 0) for part in parts)
        + sum(points for part in parts for _, points in part.get("points_ahead", ()))
        + sum(last("points_once").values()),
    )


def view(shopper: FoldedShopper, now: int) -> dict[str, Any]:
    """What `profiles.get` must say at `now` of a shopper of the events up to then, but for its ids,
    identifiers and versions."""
    standing = shopper.standing(now)
    categories: Counter[str] = Counter()
    for order, _paid in standing:
        categories.update(order.categories)
    traits = {name: value for name, value in shopper.traits.items() if value is not None}
    instants = [at for happened in shopper.happened.values() for at in happened]
    return {
        "traits": traits,
        "orders": {
            "count": len(standing),
            "items": sum(order.pieces for order, _ in standing),
            "revenue": dict(shopper.revenue(now)),
            "first_at": _text(standing[0][0].at) if standing else None,
            "last_at": _text(standing[-1][0].at) if standing else None,
            "categories": dict(categories),
        },
        "loyalty": {
            "enrolled": "loyalty_enrolled" in traits,
            "tier": traits.get("loyalty_tier"),
            "points": shopper.points,
        },
        "consent": shopper.consent,
        "events": len(instants),
        "first_seen_at": _text(min(instants)) if instants else None,
        "last_seen_at": _text(max(instants)) if instants else None,
    }


def _text(at: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
