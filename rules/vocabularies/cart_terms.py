"""Terms over the last cart: what it holds and is worth, and whether it was ordered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from chassis.core.instants import DAY, HOUR
from rules.facts import Fact
from rules.fields import instant_or_none, mappings_in, quantity_of, text_or_none
from rules.language.curves import Curve, SampledCurve
from rules.language.reads import Reads
from rules.language.terms import Holds, Kind, Term
from rules.language.units import describe_duration
from rules.language.windows import earliest
from rules.summary.order_keys import OrderKeys, order_key
from rules.summary.orders import is_dated_since
from rules.summary.summary import Summary

_CART = Reads(cart=True)
_CARTS, _ORDERS, _CHECKOUTS = _KINDS = "cart_updated", "order_completed", "checkout_completed"


def _next_cart(summary: Summary, now: int) -> int | None:
    return summary.next_cart(now)


def cart_value(currency: str) -> Term[Summary]:
    """What it is worth."""
    return Term(
        Kind.MONEY,
        f"the value in {currency} of the last cart",
        lambda summary, now: summary.cart_value(currency, now),
        _next_cart,
        currency=currency,
        reads=_CART,
    )


def cart_items() -> Term[Summary]:
    """How many articles it holds."""
    return Term(
        Kind.NUMBER,
        "the number of articles in the last cart",
        lambda summary, now: summary.cart_items(now),
        _next_cart,
        reads=_CART,
    )


def cart_ordered(within: int = HOUR, during: int = 30 * DAY) -> Term[Summary]:
    """Whether the last cart was ordered, of carts that are less than `during` old.

    It was by an order or a completed checkout that came after it or names it, and by an order of
    all its articles less than `within` before it: a page may tell of the cart once more after that.
    An order that tells no articles is one of the same.
    """

    def history(summary: Summary) -> _CartHistory:
        return _CartHistory(summary, within, during)

    def curve(summary: Summary, _now: int) -> Curve:
        whole = history(summary)
        return SampledCurve(whole.is_ordered, whole.next_change)

    def until(summary: Summary, now: int, holds: Holds, _bounds: tuple[Any, ...]) -> int | None:
        if holds(True) is holds(False):
            return None
        whole = history(summary)
        return earliest(whole.next_coming(now), whole.end(now))

    return Term(
        Kind.TRUTH,
        f"an order of the last cart, of one in the last {describe_duration(during)}, or of the same"
        f" articles within {describe_duration(within)} before it",
        lambda summary, now: history(summary).is_ordered(now),
        missable=False,
        curve=curve,
        until=until,
        coming=lambda summary, now: history(summary).next_coming(now),
        # An order may come as long before its cart as that is old.
        reads=Reads(
            frozenset(_KINDS), facts={_CARTS: during, _ORDERS: 2 * during, _CHECKOUTS: 2 * during}
        ),
    )


class _Article(NamedTuple):
    """An article by its stock-keeping unit and its product, None where a line does not say."""

    sku: str | None
    product_id: str | None

    def is_same(self, other: _Article) -> bool:
        """By the one that both name; else by a name that the one uses in place of the other."""
        if self.sku is not None and other.sku is not None:
            return self.sku == other.sku
        if self.product_id is not None and other.product_id is not None:
            return self.product_id == other.product_id
        return bool({*self} & {*other} - {None})


@dataclass(frozen=True, slots=True)
class _Order:
    """A completed order: when it was placed, its cart, and its articles, none if it tells none."""

    at: int
    cart_id: str | None
    articles: Sequence[_Article]

    def covers(self, articles: Iterable[_Article]) -> bool:
        """Whether it has all of these articles, in whatever quantity."""
        return not self.articles or all(
            any(article.is_same(ordered) for ordered in self.articles) for article in articles
        )


@dataclass(frozen=True, slots=True)
class _CartHistory:
    """The last cart and what was ordered, of which no more is read than the answer needs.

    Whoever orders often would else have their orders of two months read with each event.
    """

    summary: Summary
    within: int
    during: int

    def is_ordered(self, now: int) -> bool:
        """Whether the last cart at `now` was ordered by then."""
        latest = self._last_time(now)
        if latest is None:
            return False
        cart = self._last_cart(latest, now)
        if cart is None:
            return self._is_ordered_by_time(latest, now)
        return self._is_followed(cart.at, now) or self._is_ordered_by_any(cart, now)

    def _last_time(self, now: int) -> int | None:
        """When the last cart was told, if it is not too old."""
        latest = self.summary.last(_CARTS, now)
        return latest if latest is not None and latest > now - self.during else None

    def _last_cart(self, latest: int, now: int) -> Fact | None:
        """The last one told at the instant `latest`; None if its data is missing."""
        carts = self.summary.facts.events(_CARTS, latest - 1)
        return next((each for each in reversed(carts) if latest <= each.at <= now), None)

    def _is_followed(self, cart_at: int, now: int) -> bool:
        """Whether the newest checkout or order is surely of after the cart."""
        if self._newest(_CHECKOUTS, cart_at, now) is not None:
            return True
        newest = self._newest(_ORDERS, cart_at, now)
        if newest is None or not isinstance(newest.data, Mapping):
            return False
        placed = instant_or_none(newest.data.get("placed_at"))
        return placed >= cart_at if placed is not None else self._is_new(newest, cart_at)

    def _newest(self, kind: str, cart_at: int, now: int) -> Fact | None:
        """The newest event of a type, if it came after the cart."""
        latest = self.summary.last(kind, now)
        if latest is None or latest < cart_at:
            return None
        facts = self.summary.facts.events(kind, latest - 1)
        return next((each for each in reversed(facts) if latest <= each.at <= now), None)

    def _is_new(self, newest: Fact, cart_at: int) -> bool:
        """Whether an order was told first after the cart, and nothing tells when it was placed."""
        orders = self.summary.state.orders
        order = orders.get(_order_of(newest, OrderKeys(orders)))
        return order is not None and is_dated_since(order, cart_at)

    def _is_ordered_by_any(self, cart: Fact, now: int) -> bool:
        since, named = cart.at - self.during, _cart_id_of(cart.data)
        for checkout in self.summary.facts.events(_CHECKOUTS, since):
            if since < checkout.at <= now and (
                checkout.at >= cart.at or _names(checkout.data, named)
            ):
                return True
        orders = self.summary.facts.events(_ORDERS, since)
        completed = [order for order in orders if since < order.at <= now]
        if not completed:
            return False
        articles = _articles_of(cart.data)
        return any(
            order.at >= cart.at
            or (named is not None and order.cart_id == named)
            or (order.at > cart.at - self.within and order.covers(articles))
            for order in _orders_of(completed, OrderKeys(self.summary.state.orders))
        )

    def _is_ordered_by_time(self, cart_at: int, now: int) -> bool:
        """Whether a cart that is known by its time alone was ordered.

        That of an earlier release is, until the read model has been rebuilt: whatever was ordered
        within the hour before it is taken for its articles.
        """
        order, checkout = (self.summary.last(kind, now) for kind in (_ORDERS, _CHECKOUTS))
        return cart_at > now - self.during and (
            (order is not None and order > cart_at - self.within)
            or (checkout is not None and checkout >= cart_at)
        )

    def end(self, now: int) -> int | None:
        """When the last cart will be too old, if it was ordered."""
        return self._too_old(now) if self.is_ordered(now) else None

    def _too_old(self, now: int) -> int | None:
        latest = self._last_time(now)
        return None if latest is None else latest + self.during

    def next_coming(self, now: int) -> int | None:
        """When something that is dated ahead comes."""
        return earliest(*(self.summary.next(kind, now) for kind in _KINDS))

    def next_change(self, now: int) -> int | None:
        """When something dated ahead comes, or the last cart is too old."""
        return earliest(self.next_coming(now), self._too_old(now))


def _orders_of(facts: Sequence[Fact], keys: OrderKeys) -> Sequence[_Order]:
    """The orders that are told of, each once: its date is its first, its articles are the last.

    `keys` are those of the shopper's orders: where an id stands for several, each is one.
    """
    orders: dict[str, _Order] = {}
    for fact in facts:
        if not isinstance(fact.data, Mapping):
            continue
        key = _order_of(fact, keys)
        before = orders.get(key)
        placed = instant_or_none(fact.data.get("placed_at"))
        at = fact.at if before is None else before.at
        articles = _articles_of(fact.data) or (before.articles if before else ())
        cart_id = _cart_id_of(fact.data) or (before.cart_id if before else None)
        orders[key] = _Order(at if placed is None else placed, cart_id, articles)
    return list(orders.values())


def _order_of(fact: Fact, keys: OrderKeys) -> str:
    """The key of the order that a completion tells of; one without an id is its own."""
    key = order_key(fact.data)
    return fact.id if key is None else keys.meant_in(fact.stream, key)


def _articles_of(data: Any) -> Sequence[_Article]:
    lines = mappings_in(data.get("products")) if isinstance(data, Mapping) else None
    return [
        _Article(text_or_none(line.get("sku")), text_or_none(line.get("product_id")))
        for line in lines or ()
        if quantity_of(line) > 0
    ]


def _cart_id_of(data: Any) -> str | None:
    return text_or_none(data.get("cart_id")) if isinstance(data, Mapping) else None


def _names(data: Any, cart_id: str | None) -> bool:
    return cart_id is not None and _cart_id_of(data) == cart_id
