"""What the demo shop sells; money is in cents of US dollars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CURRENCY = "USD"


@dataclass(frozen=True, slots=True)
class Article:
    """An article; `picture` is the name of its drawing."""

    sku: str
    name: str
    category: str
    price: int
    text: str
    picture: str
    stock: int = 25
    rating: float = 4.5
    reviews: int = 60

    def as_product(self, quantity: int | None = None) -> dict[str, Any]:
        """As an event of Segment's spec has it: money in dollars."""
        product: dict[str, Any] = {
            "product_id": self.sku,
            "name": self.name,
            "category": self.category,
            "price": self.price / 100,
            "currency": CURRENCY,
        }
        return product if quantity is None else product | {"quantity": quantity}


_ARTICLES = (
    Article(
        "watch-run-5",
        "Tempo 5",
        "running watch",
        24_900,
        "A running watch that finds the sky in seconds and lasts a fortnight.",
        "watch",
        stock=2,
        rating=4.6,
        reviews=412,
    ),
    Article(
        "poles-trek",
        "Ridge trekking poles",
        "outdoor",
        7_900,
        "Carbon, 390 grams a pair, and folded they fit into a day pack.",
        "poles",
        rating=4.4,
        reviews=96,
    ),
    Article(
        "jacket-rain",
        "Fjord rain jacket",
        "clothing",
        15_900,
        "Three layers, taped seams, and a hood that turns with your head.",
        "jacket",
        rating=4.7,
        reviews=231,
    ),
    Article(
        "kettle-2l",
        "Harbour kettle",
        "kitchen",
        3_900,
        "Enamelled steel, two litres, for every kind of stove.",
        "kettle",
        stock=3,
        rating=4.2,
        reviews=58,
    ),
    Article(
        "pan-iron",
        "Iron pan",
        "kitchen",
        4_900,
        "Forged in one piece. It gets better every year.",
        "pan",
        rating=4.8,
        reviews=174,
    ),
    Article(
        "lamp-brass",
        "Brass lamp",
        "home",
        5_900,
        "A reading lamp with a joint that stays where you put it.",
        "lamp",
        rating=4.3,
        reviews=45,
    ),
    Article(
        "shade-linen",
        "Linen shade",
        "home",
        2_400,
        "Undyed linen that makes a bulb's light warm.",
        "shade",
        rating=4.1,
        reviews=22,
    ),
    Article(
        "coffee-1kg",
        "Hillside coffee",
        "coffee",
        2_600,
        "A kilo of whole beans, roasted on the Monday before it leaves.",
        "coffee",
        rating=4.9,
        reviews=530,
    ),
    Article(
        "strap-sport",
        "Sport strap",
        "accessories",
        1_900,
        "Soft, washable, changed in seconds.",
        "strap",
        rating=4.0,
        reviews=31,
    ),
)
ARTICLES: Mapping[str, Article] = {article.sku: article for article in _ARTICLES}
# What only an offer adds to a cart.
EXTRAS: Mapping[str, Article] = {
    "warranty-watch-2y": Article(
        "warranty-watch-2y",
        "Two more years of warranty",
        "service",
        2_900,
        "Water, falls and a tired battery included.",
        "watch",
    )
}


def find_article(sku: str) -> Article | None:
    """The article with this number, if there is one."""
    return ARTICLES.get(sku) or EXTRAS.get(sku)


def search(words: str) -> list[Article]:
    """The articles that have all words in their name, category or text; all of them for none."""
    wanted = words.lower().split()
    return [
        article
        for article in ARTICLES.values()
        if all(
            word in f"{article.name} {article.category} {article.text}".lower() for word in wanted
        )
    ]


def money(cents: int) -> str:
    """An amount as the shop writes it: `$ 249.00`."""
    return f"$ {cents / 100:,.2f}"
