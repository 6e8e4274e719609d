"""What is known of one stream, kept so that the order and the grouping of events do not matter."""

from __future__ import annotations

import json
from bisect import bisect_right, insort
from collections.abc import Callable, Iterable, Mapping
from heapq import merge
from typing import Any

from rules.orders import OrderBook, order_book

# Windowed counts are compared with numbers up to MOST_COUNTED; one instant more tells "more than".
MOST_COUNTED = 1_000
_NEWEST = MOST_COUNTED + 1

# They say where events belong, not what the shopper did.
_NOT_COUNTED = frozenset({"identity_changed"})


class Summary:
    """The mergeable state of a stream, or of a profile as the combination of its streams.

    Instants are microseconds since the epoch, money is in minor units. What has a latest value
    (a trait, a consent, the cart, what an order says) keeps the one told last, by the time of the
    event and then by its id. Orders, refunds and cancellations are kept by order, so that each may
    come first.
    """

    __slots__ = (
        "_book",
        "_cancelled",
        "_cart",
        "_consent",
        "_orders",
        "_points",
        "_refunds",
        "_traits",
        "_types",
    )

    def __init__(self) -> None:
        self._types: dict[str, list[Any]] = {}  # type: [count, first, newest instants, ascending]
        self._traits: dict[str, list[Any]] = {}  # name: [time, event id, value]
        self._consent: dict[str, list[Any]] = {}  # purpose: [time, event id, granted]
        self._orders: dict[str, list[Any]] = {}  # order id: [time, event id, revenue, currency, …]
        self._refunds: dict[str, dict[str, list[Any]]] = {}  # order id: {event id: [time, …]}
        self._cancelled: dict[str, int] = {}  # order id: first cancellation
        self._cart: list[Any] | None = None  # [time, event id, value, currency, items]
        self._points = 0
        self._book: tuple[int | None, OrderBook] | None = None

    def add(self, type: str, data: Any, occurred_at: int, event_id: str) -> None:  # noqa: A002 - the wire's word
        """Take one event in; each event once. `data` is what contracts accepted for the type."""
        if type in _NOT_COUNTED:
            return
        self._book = None
        known = self._types.get(type)
        if known is None:
            self._types[type] = [1, occurred_at, [occurred_at]]
        else:
            known[0] += 1
            known[1] = min(known[1], occurred_at)
            insort(known[2], occurred_at)
            if len(known[2]) > _NEWEST:
                del known[2][0]
        tell = _TELLERS.get(type)
        if tell is not None and isinstance(data, Mapping):
            tell(self, data, occurred_at, event_id)

    # What rules read. `now` leaves out what is dated later; None takes everything.

    def trait(self, name: str) -> Any:
        """The value told last, None when there is none."""
        known = self._traits.get(name)
        return None if known is None else known[2]

    def consent(self, purpose: str) -> bool | None:
        """Whether it was granted, as told last; None when nothing was told."""
        known = self._consent.get(purpose)
        return None if known is None else known[2]

    @property
    def points(self) -> int:
        """The sum of all loyalty points earned and spent."""
        return self._points

    @property
    def cart_items(self) -> int | None:
        """How many articles the last cart held; None when no cart told its products."""
        return None if self._cart is None else self._cart[4]

    def cart_value(self, currency: str) -> int | None:
        """The last cart's value; None when none was told or it is in another currency."""
        if self._cart is None or self._cart[3] != currency:
            return None
        value: int | None = self._cart[2]
        return value

    def count(self, type: str, now: int, after: int | None = None) -> int:  # noqa: A002
        """Events of the type up to `now`; after the instant `after`, at most MOST_COUNTED + 1."""
        known = self._types.get(type)
        if known is None:
            return 0
        newest: list[int] = known[2]
        upto = bisect_right(newest, now)
        if after is not None:
            return max(upto - bisect_right(newest, after), 0)
        count: int = known[0] - len(newest) + upto
        return count

    def first(self, type: str, now: int) -> int | None:  # noqa: A002
        """When it first happened, up to `now`."""
        known = self._types.get(type)
        return known[1] if known is not None and known[1] <= now else None

    def last(self, type: str, now: int, rank: int = 1) -> int | None:  # noqa: A002
        """When it last happened, up to `now`; with `rank` 2 the time before that, and so on."""
        known = self._types.get(type)
        if known is None:
            return None
        upto = bisect_right(known[2], now)
        return known[2][upto - rank] if upto >= rank else None

    def next(self, type: str, now: int) -> int | None:  # noqa: A002
        """The first known instant after `now`: an event dated in the future."""
        known = self._types.get(type)
        if known is None or known[2][-1] <= now:
            return None
        instant: int = known[2][bisect_right(known[2], now)]
        return instant

    def book(self, now: int | None) -> OrderBook:
        """The standing orders at `now`."""
        if self._book is None or self._book[0] != now:
            self._book = (now, order_book(self._orders, self._refunds, self._cancelled, now))
        return self._book[1]

    def traits(self) -> dict[str, Any]:
        """Every trait that has a value; one told as null is gone."""
        return {name: told[2] for name, told in sorted(self._traits.items()) if told[2] is not None}

    def consents(self) -> dict[str, bool]:
        """Every purpose that something was told about."""
        return {purpose: told[2] for purpose, told in sorted(self._consent.items())}

    @property
    def events(self) -> int:
        """How many events were added."""
        return sum(known[0] for known in self._types.values())

    @property
    def first_seen(self) -> int | None:
        """The first instant of all events."""
        return min((known[1] for known in self._types.values()), default=None)

    @property
    def last_seen(self) -> int | None:
        """The last instant of all events."""
        return max((known[2][-1] for known in self._types.values()), default=None)

    # Plain JSON and back.

    def dump(self) -> dict[str, Any]:
        """The state as plain JSON; it shares its parts with this summary, so only read it."""
        state: dict[str, Any] = {}
        for key, part in (
            ("types", self._types),
            ("traits", self._traits),
            ("consent", self._consent),
            ("orders", self._orders),
            ("refunds", self._refunds),
            ("cancelled", self._cancelled),
            ("cart", self._cart),
            ("points", self._points),
        ):
            if part:
                state[key] = part
        return state

    @classmethod
    def load(cls, state: Mapping[str, Any]) -> Summary:
        """The summary of a dumped state, which it takes over."""
        summary = cls()
        for key, part in state.items():
            setattr(summary, f"_{key}", part)
        return summary

    def dumps(self) -> str:
        """The state as compact JSON text."""
        return json.dumps(self.dump(), separators=(",", ":"), ensure_ascii=False)

    @classmethod
    def loads(cls, text: str) -> Summary:
        """The summary of a dumped text."""
        return cls.load(json.loads(text))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Summary) and self.dump() == other.dump()

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        """Counts only: traits are nobody's business in a log."""
        return f"<Summary of {self.events} events>"

    # What each known type tells.

    def _tell_trait(self, name: str, value: Any, at: int, event_id: str) -> None:
        _tell_last(self._traits, name, [at, event_id, value])

    def _traits_changed(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        for name, value in _mapping(data.get("traits")).items():
            self._tell_trait(name, value, at, event_id)

    def _loyalty_enrolled(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        self._tell_trait("loyalty_enrolled", True, at, event_id)
        self._loyalty_tier_changed(data, at, event_id)

    def _loyalty_tier_changed(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        if "tier" in data:
            self._tell_trait("loyalty_tier", data["tier"], at, event_id)

    def _loyalty_points_changed(self, data: Mapping[str, Any], at: int, event_id: str) -> None:  # noqa: ARG002
        self._points += _whole(data.get("points")) or 0

    def _consent_changed(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        told = {**_mapping(data.get("purposes"))}
        if isinstance(data.get("purpose"), str):
            told[data["purpose"]] = data.get("granted")
        for purpose, granted in told.items():
            if isinstance(granted, bool):
                _tell_last(self._consent, purpose, [at, event_id, granted])

    def _order_completed(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        items, categories = 0, dict[str, int]()
        for product in _products(data) or ():
            quantity = _quantity(product)
            items += quantity
            category = product.get("category")
            if isinstance(category, str):
                categories[category] = categories.get(category, 0) + quantity
        revenue, currency = _whole(data.get("revenue")), _text(data.get("currency"))
        order = [at, event_id, revenue, currency, items, categories]
        _tell_last(self._orders, _text(data.get("order_id")) or event_id, order)

    def _order_refunded(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        refund = [at, _whole(data.get("amount")), _text(data.get("currency"))]
        order_id = _text(data.get("order_id"))
        if order_id is not None:
            self._refunds.setdefault(order_id, {})[event_id] = refund

    def _order_cancelled(self, data: Mapping[str, Any], at: int, event_id: str) -> None:  # noqa: ARG002
        order_id = _text(data.get("order_id"))
        if order_id is not None:
            self._cancelled[order_id] = min(at, self._cancelled.get(order_id, at))

    def _cart_updated(self, data: Mapping[str, Any], at: int, event_id: str) -> None:
        products = _products(data)
        items = None if products is None else sum(map(_quantity, products))
        value, currency = _whole(data.get("value")), _text(data.get("currency"))
        if self._cart is None or (at, event_id) > (self._cart[0], self._cart[1]):
            self._cart = [at, event_id, value, currency, items]


_TELLERS: dict[str, Callable[[Summary, Mapping[str, Any], int, str], None]] = {
    "traits_changed": Summary._traits_changed,
    "loyalty_enrolled": Summary._loyalty_enrolled,
    "loyalty_tier_changed": Summary._loyalty_tier_changed,
    "loyalty_points_changed": Summary._loyalty_points_changed,
    "consent_changed": Summary._consent_changed,
    "order_completed": Summary._order_completed,
    "order_refunded": Summary._order_refunded,
    "order_cancelled": Summary._order_cancelled,
    "cart_updated": Summary._cart_updated,
}


def combine(summaries: Iterable[Summary]) -> Summary:
    """The summary as if all events had been in one stream; it shares nothing that `add` changes."""
    total = Summary()
    for part in summaries:
        for name, (count, first, newest) in part._types.items():
            known = total._types.get(name)
            if known is None:
                total._types[name] = [count, first, newest[:]]
            else:
                together = list(merge(known[2], newest))[-_NEWEST:]
                total._types[name] = [known[0] + count, min(known[1], first), together]
        for name in ("_traits", "_consent", "_orders"):
            into = getattr(total, name)
            for key, told in getattr(part, name).items():
                _tell_last(into, key, told)
        for order_id, refunds in part._refunds.items():
            total._refunds.setdefault(order_id, {}).update(refunds)
        for order_id, at in part._cancelled.items():
            total._cancelled[order_id] = min(at, total._cancelled.get(order_id, at))
        cart = part._cart
        if cart is not None and (total._cart is None or cart[:2] > total._cart[:2]):
            total._cart = cart
        total._points += part._points
    return total


def _tell_last(known: dict[str, list[Any]], key: str, told: list[Any]) -> None:
    """Keep the later of two values, by time and then by event id, their first two elements."""
    old = known.get(key)
    if old is None or (told[0], told[1]) > (old[0], old[1]):
        known[key] = told


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _products(data: Mapping[str, Any]) -> list[Mapping[str, Any]] | None:
    """The products told, None when none were; an empty list is an empty cart."""
    products = data.get("products")
    if not isinstance(products, list):
        return None
    return [product for product in products if isinstance(product, Mapping)]


def _quantity(product: Mapping[str, Any]) -> int:
    quantity = _whole(product.get("quantity"))
    return 1 if quantity is None else max(quantity, 0)
