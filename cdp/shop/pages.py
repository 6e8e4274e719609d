"""The pages of the demo shop."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from markupsafe import Markup

from cdp.shop.catalogue import CURRENCY, Article, money
from cdp.shop.layout import Page, data_block, event_block, template
from cdp.shop.shoppers import accounts
from cdp.shop.visits import CartLine, ShopOrder, Visit, context_of

_CONTEXT = "order-context"
_MILLISECONDS = 15_000  # so that a busy machine shows decisions; a real page waits less
# What a slot shows without the platform: the shop's own words.
_FALLBACKS: Mapping[str, tuple[str, str]] = {
    "summary": ("Your order", ""),
    "delivery": ("Delivery", "You see what delivery costs before you pay."),
    "discount": ("Do you have a code?", "Enter it at the checkout."),
    "upsell": ("Free returns", "You have 30 days to change your mind."),
    "extras": ("Free returns", "You have 30 days to change your mind."),
    "welcome": ("Checkout", ""),
    "reassurance": ("Secure payment", ""),
    "account": ("Your details", ""),
    "loyalty": ("Our loyalty programme", "Members earn points with every order."),
    "payment": ("How would you like to pay?", ""),
    "service": ("Questions?", "Our help pages have the answers."),
    "thanks": ("Thank you for your order", ""),
    "next": ("While you wait", "Care instructions are on each article's page."),
}
_ADDS = {"upsell", "extras"}


def slot(placement: str, name: str) -> Markup:
    """A place that the platform fills; what stands in it shows until then, or instead."""
    title, text = _FALLBACKS[name]
    return Markup(
        '<cdp-slot class="slot {name}" placement="{placement}" slot="{name}"'
        ' context="#{context}" timeout="{timeout}"{action}>'
        '<p class="slot-title">{title}</p>{text}</cdp-slot>'
    ).format(
        placement=placement,
        name=name,
        context=_CONTEXT,
        timeout=_MILLISECONDS,
        action=Markup(' add="Add it"') if name in _ADDS else "",
        title=title,
        text=Markup("<p>{}</p>").format(text) if text else "",
    )


def _slots(placement: str, *names: str) -> Markup:
    return Markup("").join(slot(placement, name) for name in names)


def picture(article: Article, size: int) -> Markup:
    """The drawing of an article; its name stands beside it."""
    return Markup('<img src="/static/articles/{}.svg" alt="" width="{}" height="{}">').format(
        article.picture, size, size
    )


def catalogue_page(articles: Iterable[Article], query: str) -> Page:
    """The articles that there are, or that were found."""
    found = list(articles)
    cards = Markup("").join(
        Markup(
            '<li><a class="article" href="/articles/{}">{}<span class="name">{}</span>'
            '<span class="meta">{}</span><span class="price">{}</span></a></li>'
        ).format(a.sku, picture(a, 220), a.name, a.category, money(a.price))
        for a in found
    )
    title = Markup("<h1>{}</h1>").format(f"“{query}”" if query else "Things that last")
    nothing = Markup("<p>Nothing is called that here.</p>") if not found else ""
    event = (
        event_block(
            "Products Searched",
            {"query": query, "products": [a.as_product() for a in found]},
        )
        if query
        else Markup("")
    )
    main = Markup('{}{}<ul class="articles">{}</ul>{}').format(title, nothing, cards, event)
    return Page("Search" if query else "Catalogue", main, query)


def article_page(article: Article) -> Page:
    """One article."""
    properties = json.dumps(article.as_product(quantity=1))
    main = template("article").format(
        picture=picture(article, 420),
        name=article.name,
        category=article.category,
        rating=article.rating,
        reviews=article.reviews,
        price=money(article.price),
        text=article.text,
        properties=properties,
        sku=article.sku,
        event=event_block("Product Viewed", article.as_product()),
    )
    return Page(article.name, main)


def cart_page(visit: Visit) -> Page:
    """What is in the cart, with the slots of the placement `cart`."""
    lines = visit.lines()
    event = event_block("Cart Viewed", _value_of(lines))
    if not lines:
        empty = Markup("<h1>Your cart</h1><p>It is empty. <a href='/'>Look around.</a></p>{}")
        return Page("Cart", empty.format(event))
    main = template("cart").format(
        lines=Markup("").join(_cart_line(line) for line in lines),
        total=money(sum(line.price for line in lines)),
        slots=_slots("cart", "summary", "delivery", "discount", "upsell"),
        context=data_block(context_of(lines), id=_CONTEXT),
        event=event,
    )
    return Page("Cart", main)


def _cart_line(line: CartLine) -> Markup:
    article = line.article
    return template("cart_line").format(
        picture=picture(article, 64),
        sku=article.sku,
        name=article.name,
        quantity=line.quantity,
        each=money(article.price),
        price=money(line.price),
    )


def checkout_page(visit: Visit) -> Page:
    """The checkout, with the slots of its placement."""
    lines = visit.lines()
    known = visit.user
    main = template("checkout").format(
        welcome=slot("checkout", "welcome"),
        account=slot("checkout", "account"),
        payment=slot("checkout", "payment"),
        reassurance=slot("checkout", "reassurance"),
        email=f"{known.user_id}@example.com" if known else "",
        total=money(sum(line.price for line in lines)),
        slots=_slots("checkout", "loyalty", "extras", "delivery", "discount", "summary", "service"),
        context=data_block(context_of(lines), id=_CONTEXT),
        event=event_block("Checkout Started", _value_of(lines)),
    )
    return Page("Checkout", main)


def confirmation_page(order: ShopOrder) -> Page:
    """The order is placed; with the slots of the placement `order_confirmation`."""
    main = template("confirmation").format(
        thanks=slot("order_confirmation", "thanks"),
        order_id=order.order_id,
        lines=Markup("").join(
            Markup(
                "<li>{}<div>{}<span class='meta'>{} ×</span></div><strong>{}</strong></li>"
            ).format(picture(line.article, 64), line.article.name, line.quantity, money(line.price))
            for line in order.lines
        ),
        total=money(order.value),
        slots=_slots("order_confirmation", "account", "loyalty", "next", "extras", "service"),
        context=data_block(context_of(order.lines), id=_CONTEXT),
    )
    return Page("Thank you", main)


def sign_in_page() -> Page:
    """Who can sign in on this browser."""
    buttons = Markup("").join(
        Markup('<li><button name="who" value="{}"><strong>{}</strong> {}</button></li>').format(
            shopper.key, shopper.name, shopper.about
        )
        for shopper in accounts()
    )
    main = template("sign_in")
    return Page("Sign in", main.format(buttons))


def privacy_page(answer: str | None) -> Page:
    """What was answered, and how to change it."""
    words = {"yes": "You have said yes.", "no": "You have said no."}.get(
        answer or "", "Not answered yet."
    )
    main = template("privacy")
    return Page("Privacy", main.format(words))


def missing_page() -> Page:
    """There is nothing there."""
    return Page(
        "Not found", Markup("<h1>There is nothing here.</h1><p><a href='/'>Catalogue</a></p>")
    )


def _value_of(lines: tuple[CartLine, ...]) -> dict[str, object]:
    return {
        "products": [line.article.as_product(line.quantity) for line in lines],
        "value": sum(line.price for line in lines) / 100,
        "currency": CURRENCY,
    }
