"""Who is in the shop: a visit for each browser, in memory."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from cdp.shop.catalogue import CURRENCY, Article, find_article
from cdp.shop.shoppers import DemoShopper

_MOST_PIECES = 20


@dataclass(frozen=True, slots=True)
class CartLine:
    """An article in the cart, and how many of it."""

    article: Article
    quantity: int

    @property
    def price(self) -> int:
        """Of all its pieces."""
        return self.article.price * self.quantity


@dataclass(frozen=True, slots=True)
class ShopOrder:
    """An order that was placed."""

    order_id: str
    lines: tuple[CartLine, ...]
    email: str

    @property
    def value(self) -> int:
        """What it costs."""
        return sum(line.price for line in self.lines)


@dataclass(slots=True)
class Visit:
    """A browser in the shop: its cart, who is signed in, and its orders.

    `since` is the last entry of the journal from before it began, `persona` the shopper as whom it
    did.
    """

    visit_id: str
    since: int = 0
    user: DemoShopper | None = None
    persona: str = "new"
    cart: dict[str, int] = field(default_factory=dict)
    orders: dict[str, ShopOrder] = field(default_factory=dict)
    segments: frozenset[str] | None = None

    def add(self, sku: str, quantity: int) -> None:
        """Put pieces of an article into the cart, or take them out; none is left below one."""
        article = find_article(sku)
        if article is None:
            return
        left = min(self.cart.get(sku, 0) + quantity, article.stock, _MOST_PIECES)
        if left > 0:
            self.cart[sku] = left
        else:
            self.cart.pop(sku, None)

    def lines(self) -> tuple[CartLine, ...]:
        """The cart, line by line."""
        found = ((find_article(sku), quantity) for sku, quantity in self.cart.items())
        return tuple(CartLine(article, quantity) for article, quantity in found if article)

    def place_order(self, order_id: str, email: str) -> ShopOrder:
        """Order what is in the cart, which is empty afterwards."""
        order = ShopOrder(order_id, self.lines(), email)
        self.orders[order_id] = order
        self.cart.clear()
        return order


class Visits:
    """The visits by id."""

    def __init__(self) -> None:
        self._visits: dict[str, Visit] = {}

    def find(self, visit_id: str | None) -> Visit | None:
        """The visit of a cookie, if the shop knows it."""
        return self._visits.get(visit_id or "")

    def open(self, since: int) -> Visit:
        """A new visit."""
        visit = Visit(secrets.token_urlsafe(16), since)
        self._visits[visit.visit_id] = visit
        return visit


def context_of(lines: tuple[CartLine, ...]) -> dict[str, object]:
    """What the slots of a page say of the order: money in cents."""
    stock = {line.article.sku: line.article.stock for line in lines}
    best = max(lines, key=lambda line: line.article.reviews, default=None)
    context: dict[str, object] = {
        "items": [
            {
                "sku": line.article.sku,
                "name": line.article.name,
                "category": line.article.category,
                "quantity": line.quantity,
                "price": line.article.price,
            }
            for line in lines
        ],
        "value": sum(line.price for line in lines),
        "currency": CURRENCY,
        "country": "US",
        "stock": stock,
    }
    if best is not None:
        context |= {"rating": best.article.rating, "review_count": best.article.reviews}
    return context
